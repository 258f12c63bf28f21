"""What happens around the training steps: watching for numbers that are not, stopping on request."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException
from typing_extensions import override

from vita_dataset.errors import DataError
from vita_train.module import VitaModule
from vita_train.session import Session

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class WatchNumbers(Callback):
    """Ends the run when a loss or gradient stops being finite.

    Looked at every ``every`` steps and before each checkpoint, because looking makes the training wait for the
    device; the step at which it happened is exact all the same.
    """

    def __init__(self, session: Session, every: int) -> None:
        self._session = session
        self._every = every

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look when it is time."""
        module = vita_module(pl_module)
        if module.step % self._every == 0:
            refuse_bad_numbers(module, self._session)


def refuse_bad_numbers(module: VitaModule, session: Session) -> None:
    """End the run if a step's loss or gradient was not finite.

    Raises:
        DataError: names the step and the last good checkpoint.
    """
    step = int(module.first_bad_step)
    if step < 0:
        return
    saved = session.saved_steps()
    good = f"'{session.checkpoint(saved[-1])}' is the last good checkpoint" if saved else "no checkpoint was saved yet"
    raise DataError(
        f"training stopped because loss or gradient of step {step} is not finite; {good}; lower optimizer_lr, or look "
        "for outliers in the dataset with 'ros2 run vita_dataset inspect'"
    )


class StopOnSignal(Callback):
    """Ctrl-C or SIGTERM ends training after the running step, with a checkpoint; a second one ends it at once.

    Attributes:
        received: the signal's number, None while there is none.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the signals over; Lightning's own answer to SIGTERM would end the run without a checkpoint."""
        # Python lets only the main thread take signals over.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Ask the trainer to stop."""
        if self.received is not None:
            trainer.should_stop = True

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give the signals back."""
        self._restore()

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the signals back."""
        self._restore()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        # Not what was there before: Lightning would wait for the end of the step, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


@contextmanager
def true_exit_codes() -> Iterator[None]:
    """Around a fit: Lightning ends with code 1 on Ctrl-C and 0 on SIGTERM, wherever ``StopOnSignal`` does not listen.

    Raises:
        KeyboardInterrupt: for the former.
        SystemExit: with code 143 for the latter.
    """
    try:
        yield
    except SIGTERMException as error:
        raise SystemExit(128 + signal.SIGTERM) from error
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise


def vita_module(module: LightningModule) -> VitaModule:
    """What Lightning hands to a callback, as what it is."""
    assert isinstance(module, VitaModule)
    return module
