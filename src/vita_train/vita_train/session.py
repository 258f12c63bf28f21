"""The folder of one training run and the checkpoints in it."""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vita_dataset.errors import DataError, UsageError
from vita_train.policy.checkpoint import step_name

_STEP = re.compile(r"step_(\d{10})")


@dataclass(frozen=True)
class Session:
    """``flare_outputs/<task>/vita/<session>`` with checkpoints, logs and evaluations below it."""

    root: Path

    @property
    def checkpoints(self) -> Path:
        """Holds one folder ``step_<10 digits>`` for each checkpoint."""
        return self.root / "checkpoints"

    @property
    def logs(self) -> Path:
        """Holds train.log, the resolved configurations and the metrics."""
        return self.root / "logs"

    @property
    def validations(self) -> Path:
        """Holds one folder ``step_<10 digits>`` for each validation; made by the first."""
        return self.root / "val"

    @property
    def eval(self) -> Path:
        """Holds what evaluations write."""
        return self.root / "eval"

    def make_folders(self) -> None:
        """Make the three folders where they do not exist yet.

        Raises:
            DataError: the disk does not allow it.
        """
        with disk_refusals(self.root):
            for folder in (self.checkpoints, self.logs, self.eval):
                folder.mkdir(parents=True, exist_ok=True)

    def checkpoint(self, step: int) -> Path:
        """Where the checkpoint of a step lies or will lie."""
        return self.checkpoints / step_name(step)

    def validation(self, step: int) -> Path:
        """Where the validation of a step lies or will lie."""
        return self.validations / step_name(step)

    def saved_steps(self) -> list[int]:
        """The steps that have a checkpoint, rising. A checkpoint appears under its name only when whole."""
        return _steps_in(self.checkpoints)

    def prune(self, keep_freq: int, keep: Collection[int] = ()) -> list[int]:
        """Delete every checkpoint but the newest, the multiples of ``keep_freq``, and those named; 0 keeps all.

        Returns:
            The steps whose checkpoints were deleted.
        """
        old = [step for step in self.saved_steps()[:-1] if keep_freq and step % keep_freq and step not in keep]
        for step in old:
            self.delete(step)
        return old

    def delete(self, step: int) -> None:
        """Delete the checkpoint of a step."""
        # Under its name a checkpoint is whole, also when the process is killed in the middle of this.
        rest = self.checkpoints / f".{self.checkpoint(step).name}.partial"
        self.checkpoint(step).rename(rest)
        shutil.rmtree(rest)

    def sweep(self) -> None:
        """Delete what is left of saving and deleting that was killed. Only with the session locked."""
        for rest in self.checkpoints.glob(".step_*.partial"):
            shutil.rmtree(rest)

    def set_aside_after(self, step: int, label: str) -> Path | None:
        """Move checkpoints and validations of later steps out of the way, so that a run can go on from this one.

        Args:
            step: the step to go on from.
            label: tells this folder of superseded ones from others.

        Returns:
            Where the checkpoints are now, None when there were none.
        """
        _set_aside(self.validations, step, label)
        return _set_aside(self.checkpoints, step, label)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second training out of this session; the lock ends with the process, however that ends.

        Raises:
            UsageError: another process is training here.
            DataError: the disk has no locks or does not allow this one.
        """
        with disk_refusals(self.root):
            file = (self.root / ".lock").open("w")
        with file:
            try:
                with disk_refusals(self.root):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"another training is running in '{self.root}'; wait for it, or choose another session=<name>"
                ) from error
            yield


def _steps_in(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    matches = (_STEP.fullmatch(path.name) for path in folder.iterdir() if path.is_dir())
    return sorted(int(match.group(1)) for match in matches if match)


def _set_aside(parent: Path, step: int, label: str) -> Path | None:
    later = [step_name(done) for done in _steps_in(parent) if done > step]
    if not later:
        return None
    aside = parent / f"superseded_{label}"
    aside.mkdir()
    for name in later:
        (parent / name).rename(aside / name)
    return aside


@contextmanager
def disk_refusals(root: Path) -> Iterator[None]:
    """While inside, what the disk refuses is said in one sentence; a lock held by someone else is no refusal.

    Args:
        root: the folder of the session.

    Raises:
        DataError: names the folder and the disk's reason.
    """
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        raise DataError(
            f"the session folder '{root}' cannot be used ({error.strerror or error}: '{error.filename or root}'); "
            "give a base_dir=<folder> on a disk that can be written and has space"
        ) from error
