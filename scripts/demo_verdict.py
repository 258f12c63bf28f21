"""The last lines of the demo: the policy against the trivial one that holds the measured pose.

Usage: demo_verdict.py REPORT.json [--must-beat-hold]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def verdict(report: dict[str, dict[str, dict[str, float]]]) -> tuple[str, bool]:
    """One sentence, and whether the policy is the better of the two."""
    policy, hold, live = (100 * report["overall"][name]["mae_over_range"] for name in ("policy", "hold", "live"))
    better = bool(report["beats_hold"])
    figures = f"{policy:.1f} % of the joints' range (live node {live:.1f} %) against {hold:.1f} % for holding the pose"
    return f"The policy's mean error is {figures}: {'better' if better else 'NOT better'}.", better


def main(report_file: str, *options: str) -> int:
    """Print the verdict; 1 if the policy had to be better and is not."""
    path = Path(report_file)
    sentence, better = verdict(json.loads(path.read_text(encoding="utf-8")))
    sys.stdout.write(f"{sentence}\nplot: {path.with_suffix('.png')}\nfigures: {path}\n")
    if better or "--must-beat-hold" not in options:
        return 0
    sys.stderr.write("error: on the sample a trained policy must beat holding still; something in the way is broken\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
