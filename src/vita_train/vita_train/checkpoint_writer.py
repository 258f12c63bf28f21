"""From the state of a run to a checkpoint folder."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from pathlib import Path

import torch
from safetensors import SafetensorError

from vita_train.module import VitaModule
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.preparation import Preparation
from vita_train.resume import SEEN, run_settings
from vita_train.start_pose import start_pose
from vita_train.training_state import TrainingState, write_training_state


class CheckpointWriter:
    """Puts a module's present state into a checkpoint folder."""

    def __init__(self, run: Preparation, seen: Collection[int]) -> None:
        """``seen`` are all episodes that the run has been trained on when it writes its next checkpoint."""
        self._spec = run.dataset.spec
        self._stats = run.stats
        self._start_pose = start_pose(run.dataset, seen)
        self._run = run_settings(run.settings, run.split.held_out) | {SEEN: sorted(seen)}
        self._revision = _git_revision()

    def write(self, module: VitaModule, folder: Path) -> None:
        """Write averaged weights to serve and everything needed to go on.

        Raises:
            OSError: the disk does not take it.
        """
        optimizer = module.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, torch.optim.Optimizer)
        averaged = None if module.ema is None else module.ema.state_dict()
        state = TrainingState(
            step=module.step,
            weights=module.policy.state_dict(),
            optimizer=optimizer.state_dict()["state"],
            ema=averaged,
            precision=module.trainer.precision_plugin.state_dict(),
            run=self._run,
        )
        try:
            save_checkpoint(
                folder,
                module.policy,
                self._spec,
                self._stats,
                step=module.step,
                git_revision=self._revision,
                start_pose=self._start_pose,
                weights=averaged,
                write_more=lambda partial: write_training_state(partial, state),
            )
        except SafetensorError as error:
            raise OSError(str(error)) from error


def _git_revision() -> str:
    """The revision of this code, "unknown" where it does not lie in a git work tree."""
    command = ["git", "-C", str(Path(__file__).resolve().parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip() or "unknown"
