"""How training is going: a bar on a terminal, a line every few seconds elsewhere, rows of metrics in a file."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from vita_train.module import VitaModule

log = logging.getLogger(__name__)

BAR_PERIOD_S = 0.5
LINE_PERIOD_S = 5.0


@dataclass(frozen=True)
class Pace:
    """Speed over some steps: steps per second, and the share of that time [0, 1] spent waiting for data."""

    steps_per_s: float
    wait_share: float


class Stopwatch:
    """Splits time into waiting for data and everything else. Takes the time [s] as an argument, owns no clock."""

    def __init__(self, now_s: float) -> None:
        self._begin_s = now_s
        self._idle_since_s = now_s
        self._waited_s = 0.0
        self._steps = 0

    def batch_came(self, now_s: float) -> None:
        """A batch is on the device."""
        self._waited_s += now_s - self._idle_since_s

    def step_done(self) -> None:
        """A step has been computed."""
        self._steps += 1

    def wait_begins(self, now_s: float) -> None:
        """Nothing is left to do but to wait for the next batch."""
        self._idle_since_s = now_s

    def lap(self, now_s: float) -> Pace:
        """The pace since the last lap, or since the beginning; a new lap begins."""
        elapsed = max(now_s - self._begin_s, 1e-9)
        pace = Pace(self._steps / elapsed, min(self._waited_s / elapsed, 1.0))
        self._begin_s, self._waited_s, self._steps = now_s, 0.0, 0
        return pace


class ProgressReport(Callback):
    """Shows step, loss, steps/s and data wait, and gives the metrics to the trainer's loggers every ``log_freq`` steps.

    Goes last in the list of callbacks, so that the time others take is not taken for waiting.
    """

    def __init__(self, console: Console, total_steps: int, log_freq: int) -> None:
        self._total_steps = total_steps
        self._log_freq = log_freq
        self._period_s = BAR_PERIOD_S if console.is_terminal else LINE_PERIOD_S
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clocks and the bar."""
        assert isinstance(pl_module, VitaModule)
        now_s = time.perf_counter()
        self._shown_s = self._done_s = now_s
        self._line_watch, self._row_watch, self._run_watch = (Stopwatch(now_s) for _ in range(3))
        self._watches = (self._line_watch, self._row_watch, self._run_watch)
        self._task = self._bar.add_task("training", total=self._total_steps, completed=pl_module.step, pace="")
        self._bar.start()

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """The wait for this batch is over."""
        now_s = time.perf_counter()
        for watch in self._watches:
            watch.batch_came(now_s)

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Show and log what is due; reading the loss waits for the device, so not in every step."""
        assert isinstance(pl_module, VitaModule)
        self._done_s = time.perf_counter()
        if pl_module.stepped:
            for watch in self._watches:
                watch.step_done()
            if pl_module.step % self._log_freq == 0:
                self._log_row(trainer, pl_module)
            if self._done_s - self._shown_s >= self._period_s:
                self._shown_s = self._done_s
                self._show(pl_module, self._line_watch.lap(self._done_s))
        now_s = time.perf_counter()
        for watch in self._watches:
            watch.wait_begins(now_s)

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show and log the last step, and show the pace of this part of the run."""
        assert isinstance(pl_module, VitaModule)
        if pl_module.metrics:
            if pl_module.step % self._log_freq:
                self._log_row(trainer, pl_module)
            self._show(pl_module, self._run_watch.lap(self._done_s), " on average")
        self._bar.stop()

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back."""
        self._bar.stop()

    def _log_row(self, trainer: Trainer, module: VitaModule) -> None:
        pace = self._row_watch.lap(self._done_s)
        row = {name: float(value) for name, value in module.metrics.items()}
        row |= {"lr": module.lr, "steps_per_s": pace.steps_per_s, "data_wait_share": pace.wait_share}
        for logger in trainer.loggers:
            logger.log_metrics(row, step=module.step)

    def _show(self, module: VitaModule, pace: Pace, of_what: str = "") -> None:
        loss = float(module.metrics["loss"])
        text = f"loss {loss:.4f}  {pace.steps_per_s:.2f} steps/s  data wait {pace.wait_share:.1%}{of_what}"
        self._bar.update(self._task, completed=module.step, pace=text)
        if self._bar.disable:
            log.info("step %d of %d  %s", module.step, self._total_steps, text)
