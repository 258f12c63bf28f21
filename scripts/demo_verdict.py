"""The last lines of the demo on a recording: the policy against the trivial one that holds the measured pose.

Usage: demo_verdict.py REPORT.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def verdict(report: dict[str, dict[str, dict[str, float]]]) -> str:
    """One sentence."""
    policy, hold, live = (100 * report["overall"][name]["mae_over_range"] for name in ("policy", "hold", "live"))
    better = bool(report["beats_hold"])
    figures = f"{policy:.1f} % of the joints' range (live node {live:.1f} %) against {hold:.1f} % for holding the pose"
    return f"The policy's mean error is {figures}: {'better' if better else 'NOT better'}."


def main(report_file: str) -> int:
    """Print the verdict. A recording may be too small or too hard to learn from, so either way it is a result."""
    path = Path(report_file)
    sentence = verdict(json.loads(path.read_text(encoding="utf-8")))
    sys.stdout.write(f"{sentence}\nplot: {path.with_suffix('.png')}\nfigures: {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
