"""The options of the command ``evaluate``."""

from __future__ import annotations

import argparse
from argparse import BooleanOptionalAction
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

HELP = """\
examples:
  evaluate --checkpoint flare_outputs/pick/vita/first
  evaluate --checkpoint .../checkpoints/step_0000025000 --episodes 3,7 --device cuda
  evaluate --checkpoint .../first --dataset data/ur12e/pick_test --out pick_test
  evaluate --checkpoint .../first --no-offline --env-package vita_sim --env-name vita_sim/Lift-v0

Recorded episodes, without --episodes: those that training held out; of another dataset than training's all.
Episodes in an environment: where the task of the training names one, or --env-name does.
"""


def options_parser() -> argparse.ArgumentParser:
    """Everything that ``evaluate`` takes."""
    parser = argparse.ArgumentParser(
        prog="evaluate",
        description="Compare what a checkpoint predicts with what was recorded, and let it act in an environment.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--checkpoint", type=Path, required=True, metavar="C", help="a session, checkpoints or step_* folder"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="new folder (default: <session>/eval/<step>_<time>)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<n> (default: auto)")

    offline = parser.add_argument_group("recorded episodes")
    offline.add_argument(
        "--offline", action=BooleanOptionalAction, default=True, help="compare with recorded episodes (default: yes)"
    )
    offline.add_argument(
        "--dataset", metavar="ROOT", help="converted dataset, folder or URL (default: $FLARE_DATASETS_DIR/<repo_id>)"
    )
    offline.add_argument("--episodes", metavar="N,A:B", help="numbers and ranges without their ends, such as 0:5,9")
    offline.add_argument("--batch-size", type=_whole(1), default=128, metavar="N", help="observations computed at once")
    offline.add_argument("--plots", type=_whole(0), default=4, metavar="N", help="episodes to plot (default: 4)")

    online = parser.add_argument_group("episodes in an environment")
    online.add_argument("--online", action=BooleanOptionalAction, help="run them (default: if an environment is known)")
    online.add_argument("--env-package", metavar="P", help="package to import first (default: the training's)")
    online.add_argument("--env-name", metavar="ID", help="gymnasium id (default: the training's)")
    online.add_argument(
        "--env-kwargs", type=_mapping, metavar="{K: V}", help="arguments for gymnasium.make (default: the training's)"
    )
    online.add_argument("--episodes-online", type=_whole(1), default=50, metavar="N", help="how many (default: 50)")
    online.add_argument("--envs", type=_whole(1), default=10, metavar="N", help="that run at once (default: 10)")
    online.add_argument(
        "--processes", type=_whole(0), default=0, metavar="N", help="over which these are spread (default: 0, this one)"
    )
    online.add_argument("--videos", type=_whole(0), default=4, metavar="N", help="episodes to film (default: 4)")
    online.add_argument(
        "--seed", type=_whole(0), default=1_000_000, metavar="S", help="of the first episode (default: 1000000)"
    )
    return parser


def _whole(low: int) -> Callable[[str], int]:
    """Reads a whole number from ``low`` up."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} up, but is '{text}'")
        return int(text)

    return read


def _mapping(text: str) -> dict[str, Any]:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"must be arguments by name such as '{{fps: 10}}', but is '{text}'")
    return {str(name): argument for name, argument in value.items()}
