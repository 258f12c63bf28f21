"""The page that ends the demo: complete in itself, honest about a run that falls short."""

import base64
import html.parser
import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def demo_page():
    spec = importlib.util.spec_from_file_location("demo_page", ROOT / "scripts/demo_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tmp_path):
    """The folders of a demo run: two starts, one of which failed and is named with an HTML tag in a hold."""
    evaluation, training, replay = tmp_path / "closed_loop", tmp_path / "session", tmp_path / "report"
    (evaluation / "videos").mkdir(parents=True)
    rows = []
    for seed, success in ((7, True), (8, False)):
        video = f"videos/episode_{seed}.mp4"
        (evaluation / video).write_bytes(f"film {seed}".encode())
        rows.append({"seed": seed, "success": success, "time_s": 2.5 if success else None, "video": video})
    (evaluation / "evaluation.json").write_text(
        json.dumps(
            {
                "way": "node",
                "scene": "lift",
                "checkpoint": "/somewhere/step_0000000600",
                "settings": {"robot": "ur12e"},
                "episodes": 2,
                "successes": 1,
                "success_rate": 0.5,
                "success_interval": {"low": 0.09, "high": 0.91},
                "confidence": 0.95,
                "time_to_success_s": {"median": 2.5, "fastest": 2.5, "slowest": 2.5},
                "safety": {"commands": 300, "limited": 3, "hits": {"step: elbow_joint": 3}},
                "holds": {"stale <front>": 4},
                "faults": {"frozen: front": 9},
                "rows": rows,
                "timing": {"inference_ms": None},
            }
        )
    )
    metrics = training / "logs/metrics/20260101_000000"
    metrics.mkdir(parents=True)
    (metrics / "metrics.csv").write_text(
        "step,loss,flow_action_recon_loss,enc_action_recon_loss\n20,1.0,0.5,0.4\n40,0.5,,0.2\n"
    )
    replay.mkdir()
    (replay / "report.png").write_bytes(PNG)
    errors = {"mae": 0.01, "rmse": 0.02}
    overall = {kind: {"mae_over_range": 0.1} for kind in ("policy", "hold")}
    joints = [{"name": "elbow_joint", "policy": errors, "hold": errors}]
    (replay / "report.json").write_text(json.dumps({"joints": joints, "overall": overall}))
    return [str(tmp_path), "--evaluation", str(evaluation), "--training", str(training), "--replay", str(replay)]


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.sources = []

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        self.sources += [value for key, value in attrs if key in ("src", "href")]


def test_the_page_is_complete_in_itself(demo_page, run, capsys):
    assert demo_page.main([*run, "--at-least", "0.5"]) == 0
    page = Path(run[0]) / "index.html"
    text = page.read_text(encoding="utf-8")
    assert str(page) in capsys.readouterr().out
    links = Links()
    links.feed(text)
    assert len(links.sources) == 4
    assert all(source.startswith("data:") for source in links.sources)
    assert base64.b64encode(b"film 7").decode() in text
    assert "1 of 2 unseen starts" in text
    assert "stale &lt;front&gt;" in text
    assert "<td>fault, frozen: front</td><td>9</td>" in text


def test_a_run_that_falls_short_says_so_and_fails(demo_page, run, capsys):
    assert demo_page.main([*run, "--at-least", "0.6"]) == 1
    assert "FALLS SHORT of the 60%" in capsys.readouterr().out
    text = (Path(run[0]) / "index.html").read_text(encoding="utf-8")
    assert "FALLS SHORT" in text
    assert text.index("start 8") < text.index("start 7")


def test_without_films_and_success_the_page_says_nothing_of_them(demo_page, run):
    report = Path(run[2]) / "evaluation.json"
    evaluation = json.loads(report.read_text())
    rows = [{**row, "success": False, "time_s": None, "video": None} for row in evaluation["rows"]]
    none = {"successes": 0, "success_rate": 0.0, "time_to_success_s": dict.fromkeys(("median", "fastest", "slowest"))}
    report.write_text(json.dumps({**evaluation, **none, "rows": rows}))
    assert demo_page.main([*run, "--at-least", "0.6"]) == 1
    text = (Path(run[0]) / "index.html").read_text(encoding="utf-8")
    assert "film" not in text
    assert "0 of 2 unseen starts" in text
