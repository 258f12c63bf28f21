"""One HTML page of a demo run, complete in itself: verdict, videos, learning curve, closed loop and replay.

Usage: demo_page.py DEMO_FOLDER --evaluation FOLDER --training SESSION_FOLDER --replay FOLDER --at-least RATE
Prints where the page is and the verdict; ends with 1 if the success rate is below RATE.
"""

from __future__ import annotations

import argparse
import base64
import csv
import html
import io
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c62828; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff8178; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.verdict { font-size: 1.15rem; font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); }
.videos { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; }
figure { margin: 0; } video, img { width: 100%; border-radius: 4px; } figcaption { font-size: .85rem; }
img { background: white; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .8rem .15rem 0; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; } code { font-size: .9em; }
"""
CURVES = {"loss": "total loss", "flow_action_recon_loss": "decoded flow", "enc_action_recon_loss": "decoded encoder"}


def main(argv: Sequence[str]) -> int:
    """Write ``index.html`` in the demo's folder; 1 if the policy succeeded too rarely."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--evaluation", type=Path, required=True)
    parser.add_argument("--training", type=Path, required=True)
    parser.add_argument("--replay", type=Path, required=True)
    parser.add_argument("--at-least", type=float, required=True)
    args = parser.parse_args(argv)
    evaluation = read(args.evaluation / "evaluation.json")
    replay = read(args.replay / "report.json")
    reached = evaluation["success_rate"] >= args.at_least
    sentence = verdict(evaluation, args.at_least)
    parts = [
        f"<h1>VITA demo: {html.escape(evaluation['scene'])} the cube, seen by two cameras</h1>",
        f'<p class="verdict {"good" if reached else "bad"}">{html.escape(sentence)}</p>',
        "<p>The policy saw demonstrations of other starts only.</p>",
        videos(evaluation, args.evaluation),
        "<h2>Closed loop through the policy node</h2>",
        episodes(evaluation),
        "<h2>Training</h2>",
        learning_curve(args.training),
        "<h2>Replay of a demonstration that was kept out of training</h2>",
        errors(replay),
        picture(args.replay / "report.png", "recorded action, policy and live node, joint by joint"),
        f"<p>Checkpoint: <code>{html.escape(Path(evaluation['checkpoint']).name)}</code>; settings: "
        f"<code>{html.escape(json.dumps(evaluation['settings']))}</code></p>",
    ]
    body = "\n".join(parts)
    page = args.demo / "index.html"
    page.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>VITA demo</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>\n",
        encoding="utf-8",
    )
    sys.stdout.write(f"{sentence}\npage: {page}\n")
    return 0 if reached else 1


def read(path: Path) -> dict[str, Any]:
    """A JSON file."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def verdict(evaluation: dict[str, Any], at_least: float) -> str:
    """One sentence."""
    interval = evaluation["success_interval"]
    rate = (
        f"The arm succeeded from {evaluation['successes']} of {evaluation['episodes']} unseen starts "
        f"({evaluation['success_rate']:.0%}, {evaluation['confidence']:.0%} interval {interval['low']:.0%} to "
        f"{interval['high']:.0%})"
    )
    if evaluation["success_rate"] >= at_least:
        return f"{rate}; {at_least:.0%} were asked for."
    return f"{rate}: this FALLS SHORT of the {at_least:.0%} that were asked for."


def videos(evaluation: dict[str, Any], folder: Path) -> str:
    """The films, failures first: they are what one learns from. Empty without films."""
    figures = []
    for row in sorted(evaluation["rows"], key=lambda row: row["success"]):
        if not row["video"]:
            continue
        source = encoded(folder / row["video"], "video/mp4")
        ending = f"success after {row['time_s']:.1f} s" if row["success"] else "no success"
        figures.append(
            f'<figure><video autoplay loop muted playsinline controls src="{source}"></video>'
            f'<figcaption>start {row["seed"]}: <span class="{"good" if row["success"] else "bad"}">{ending}</span>'
            "</figcaption></figure>"
        )
    if not figures:
        return ""
    return (
        "<p>Each film shows what the cameras saw while the policy node drove the simulated arm over ROS 2 topics.</p>"
        f'<div class="videos">{"".join(figures)}</div>'
    )


def episodes(evaluation: dict[str, Any]) -> str:
    """Success, times, what the safety gate did, and why the node held."""
    times, safety = evaluation["time_to_success_s"], evaluation["safety"]
    lines = [
        ("episodes that succeeded", f"{evaluation['successes']} of {evaluation['episodes']}"),
        ("time to success, median [s]", "-" if times["median"] is None else f"{times['median']:.2f}"),
        ("commands sent", str(safety["commands"])),
        ("commands limited by the safety gate", str(safety["limited"])),
        *((f"limit hit, {name}", str(count)) for name, count in safety["hits"].items()),
        *((f"hold: {reason}", f"{count} ticks") for reason, count in evaluation["holds"].items()),
        *((f"fault, {name}", str(count)) for name, count in evaluation["faults"].items()),
    ]
    return table(("", ""), lines)


def errors(replay: dict[str, Any]) -> str:
    """Mean absolute error of each joint, the policy's and that of holding the measured pose."""
    kinds = [kind for kind in ("policy", "live", "hold") if kind in replay["overall"]]
    titles = {"policy": "policy offline", "live": "through the live node", "hold": "holding the pose"}
    rows = [(joint["name"], *(f"{joint[kind]['mae']:.4f}" for kind in kinds)) for joint in replay["joints"]]
    shares = (f"{100 * replay['overall'][kind]['mae_over_range']:.1f} %" for kind in kinds)
    rows.append(("all, over each joint's range", *shares))
    return table(("mean absolute error [rad, ratio]", *(titles[kind] for kind in kinds)), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text as an HTML table."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    top = line(head, "th") if any(head) else ""
    return f"<table>{top}{''.join(line(row, 'td') for row in rows)}</table>"


def learning_curve(session: Path) -> str:
    """The losses of the newest run of a training session, as an SVG."""
    newest = max(session.glob("logs/metrics/*/metrics.csv"), key=lambda path: path.stat().st_mtime)
    with newest.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    figure, axes = plt.subplots(figsize=(9, 3))
    for key, name in CURVES.items():
        points = [(int(row["step"]), float(row[key])) for row in rows if row.get(key)]
        axes.plot(*zip(*points, strict=True), label=name, marker="." if len(points) < 40 else None)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", bbox_inches="tight")
    plt.close(figure)
    text = drawn.getvalue()
    source = base64.b64encode(text.encode()).decode()
    return f'<img alt="loss over training steps" src="data:image/svg+xml;base64,{source}">'


def picture(path: Path, alt: str) -> str:
    """A PNG inside the page."""
    return f'<img alt="{html.escape(alt)}" src="{encoded(path, "image/png")}">'


def encoded(path: Path, kind: str) -> str:
    """A file as a data URL, so that the page can be sent to somebody as it is."""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
