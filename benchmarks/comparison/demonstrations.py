"""The demonstrations that all variants learn from: made once by the scripted expert, then converted."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.comparison.plan import Plan
from vita_dataset.convert import convert
from vita_dataset.progress import ProgressLine
from vita_dataset.zarr_store import ConvertedDataset, open_dataset
from vita_sim.demonstrate import write_demonstrations
from vita_sim.stage import open_stage

SCENE = "lift"
REPO_ID = f"sim/{SCENE}"


def training_set(folder: Path, plan: Plan) -> ConvertedDataset:
    """Open the training set in a work folder; what of it is missing is made first."""
    recording, sets = folder / "recordings" / REPO_ID, folder / "training_sets"
    if not recording.exists():
        progress = ProgressLine(sys.stderr, "demonstrations")
        write_demonstrations(
            open_stage(SCENE), recording, episodes=plan.episodes, size=plan.camera_size, on_progress=progress
        )
    if not (sets / REPO_ID).exists():
        convert(recording, sets, repo_id=REPO_ID, resize=plan.resize_shape)
    return open_dataset(sets / REPO_ID)
