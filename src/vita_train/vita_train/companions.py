"""Starts the other processes of a run on this machine, and ends them with it, however it ends."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import torch.distributed as dist
from rich.console import Console

from vita_dataset.errors import DataError, UsageError
from vita_train.preparation import Preparation, prepare
from vita_train.processes import LOCAL_RANK, MAIN_ADDRESS, NODE_RANKS, WORLD_SIZE
from vita_train.run_log import NAMES
from vita_train.settings import TrainSettings

log = logging.getLogger(__name__)

GRACE_S = 10.0
"""How long the first process may take to notice by itself that another one is gone."""
END_S = 60.0
"""How long the others may take to end after the first."""


@contextmanager
def companions(run: Preparation, now: datetime, console: Console) -> Iterator[None]:
    """While inside, all other processes of this machine train too; afterwards none of them is left.

    Started by a launcher such as torchrun, a process has its companions already.

    Args:
        run: of this process.
        now: names this part of the run.
        console: is given back its cursor if the run has to be ended from outside.

    Raises:
        DataError: another process is gone.
    """
    if len(run.processes.devices) == 1 or LOCAL_RANK in os.environ:
        with _connection_in_words(run):
            yield
        return
    environment = _environment(run)
    before = dict(os.environ)
    os.environ.update(environment)
    others = [_start(run, now, environment, rank) for rank in range(1, len(run.processes.devices))]
    watch = _Watch(others, console)
    watch.start()
    try:
        yield
        watch.left.set()
        watch.join(END_S)
    except (DataError, UsageError):
        raise
    except Exception as error:
        # A connection breaks a moment before the process at its other end is gone.
        watch.left.set()
        watch.join(GRACE_S)
        if watch.loss is None:
            raise
        raise DataError(watch.loss) from error
    finally:
        watch.left.set()
        _end(others)
        if dist.is_initialized():
            dist.destroy_process_group()
        for name in environment:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if name in environment})


@dataclass(frozen=True)
class _Companion:
    """One of the others, and the sentence that it leaves behind where it fails."""

    rank: int
    count: int
    process: SpawnProcess
    last_word: Connection


def _environment(run: Preparation) -> dict[str, str]:
    """What Lightning reads in each process of this machine, but for its number."""
    processes = run.processes
    address, port = MAIN_ADDRESS
    return {
        LOCAL_RANK: "0",
        NODE_RANKS[0]: str(processes.node_rank),
        WORLD_SIZE: str(processes.count),
        # Several machines have both already.
        address: os.environ.get(address, "127.0.0.1") if processes.nodes > 1 else "127.0.0.1",
        port: os.environ[port] if processes.nodes > 1 else str(_free_port()),
    }


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _start(run: Preparation, now: datetime, environment: dict[str, str], rank: int) -> _Companion:
    # Started afresh: a copy of this process would share its open files and a GPU in an unknown state.
    context = multiprocessing.get_context("spawn")
    listening, speaking = context.Pipe(duplex=False)
    settings = replace(run.settings, resume=run.start is not None, checkpoint_path=run.start)
    arguments = (settings, now, environment | {LOCAL_RANK: str(rank)}, speaking)
    process = context.Process(target=_train_along, args=arguments, name=f"process-{rank}")
    process.start()
    speaking.close()
    return _Companion(run.processes.rank + rank, run.processes.count, process, listening)


def _train_along(settings: TrainSettings, now: datetime, environment: dict[str, str], last_word: Connection) -> None:
    """What another process does, from its beginning."""
    os.environ.update(environment)
    # Ctrl-C is for the first process, which tells the others when to stop.
    os.setpgrp()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The first process says for all what there is to say.
    for name in NAMES:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # Training imports this module, too.
    from vita_train.training import train

    try:
        train(prepare(settings), "", Console(quiet=True), now)
    except (DataError, UsageError) as error:
        last_word.send(str(error))
        raise SystemExit(1) from error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    # Perhaps in the middle of waiting for it; nothing here needs tidying.
    os._exit(1)


class _Watch(threading.Thread):
    """Ends this process if it waits for one that is gone, which on GPUs it would do for ever.

    The only one that waits for the others, because a process tells of its end once.

    Attributes:
        loss: the sentence about the first that failed, None while there is none.
        left: set when this process waits for the others no more.
    """

    def __init__(self, others: list[_Companion], console: Console) -> None:
        super().__init__(name="companions", daemon=True)
        self.loss: str | None = None
        self.left = threading.Event()
        self._others = others
        self._console = console

    def run(self) -> None:
        """Wait until one of the others fails, or all have ended well."""
        running = {other.process.sentinel: other for other in self._others}
        while running and self.loss is None:
            for sentinel in wait(list(running)):
                assert isinstance(sentinel, int)
                other = running.pop(sentinel)
                other.process.join()
                if other.process.exitcode and self.loss is None:
                    self.loss = _last_word(other)
        if self.loss is not None and not self.left.wait(GRACE_S):
            log.error("%s", self.loss)
            self._console.show_cursor(True)
            _end(self._others)
            logging.shutdown()
            os._exit(1)


def _last_word(other: _Companion) -> str:
    code = other.process.exitcode or 0
    reason = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    with suppress(EOFError):
        if other.last_word.poll():
            reason = other.last_word.recv()
    return (
        f"training stopped because process {other.rank + 1} of {other.count} ended ({reason}); "
        "go on from the newest checkpoint with resume=true"
    )


def _end(others: list[_Companion]) -> None:
    for other in others:
        if other.process.is_alive():
            other.process.kill()
        other.process.join()


@contextmanager
def _connection_in_words(run: Preparation) -> Iterator[None]:
    """A broken connection to processes that somebody else started."""
    try:
        yield
    except RuntimeError as error:
        if run.processes.count == 1 or not ("gloo" in str(error) or "NCCL" in str(error)):
            raise
        raise DataError(
            f"process {run.processes.rank + 1} of {run.processes.count} lost the others "
            f"({str(error).partition(chr(10))[0]}); see what they said last, and go on with resume=true"
        ) from error
