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

from vita_train.agreement import Largest
from vita_train.bad_numbers import BadNumbers
from vita_train.module import VitaModule

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class WatchNumbers(Callback):
    """Ends the run when a loss or gradient stops being finite.

    Looked at every ``every`` steps and before each checkpoint, because looking makes the training wait for the
    device; the step at which it happened is exact all the same.
    """

    def __init__(self, numbers: BadNumbers, every: int) -> None:
        self._numbers = numbers
        self._every = every

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look when it is time."""
        module = vita_module(pl_module)
        if module.stepped and module.step % self._every == 0:
            self._numbers.refuse(module)


class StopOnSignal(Callback):
    """Ctrl-C or SIGTERM ends training after the running step, with a checkpoint; a second one ends it at once.

    Several processes stop after the same step, whichever of them was asked to.

    Attributes:
        received: the signal's number, None while there is none.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}
        self._largest = Largest()

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
        if vita_module(pl_module).stepped:
            agreed = self._largest(self.received or 0)
            # A signal that came just now is left to the next step, when the others hear of it.
            if agreed:
                self.received = agreed
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
