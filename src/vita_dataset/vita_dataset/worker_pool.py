"""Converts ranges in worker processes of this machine, and goes on when one of them is killed."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import cv2

from vita_dataset.errors import VitaError
from vita_dataset.range_converter import ConversionJob, OnImages, RangeConverter
from vita_dataset.range_journal import UnfinishedError
from vita_dataset.range_plan import StepRange, choose

REPORT_S = 0.2
"""How often a worker says how far it is [s]."""
MOST_DEATHS = 2
"""How many workers may be killed over one range before the conversion gives up."""
END_S = 10.0
BUG = 1
"""The exit code of a process that ends with a traceback. All others are deaths: those that Python cannot tell, too."""


@dataclass(eq=False)
class _Worker:
    """A process and what it is converting."""

    process: BaseProcess
    connection: Connection
    last: int | None = None
    current: int | None = None
    images: int = 0


def convert_in_pool(job: ConversionJob, ranges: Sequence[StepRange], workers: int, on_images: OnImages) -> None:
    """Convert all ranges.

    Args:
        job: what is converted.
        ranges: those that are not done yet.
        workers: how many processes, at least 1.
        on_images: called with the number of images converted since the last call; a negative number takes back
            those of a range that is begun again.

    Raises:
        UnfinishedError: workers were killed again and again.
        DataError: the recording is damaged.
        OSError: the disk is full or cannot be written.
    """
    by_number = {steps.number: steps for steps in ranges}
    pending = set(by_number)
    deaths: dict[int, int] = {}
    # Forked from a fresh process that has imported everything: quick, and free of this one's threads.
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    _start_server()
    crew: list[_Worker] = []

    def hire() -> None:
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, job), daemon=True)
        try:
            process.start()
        except EOFError as error:
            raise UnfinishedError(
                "the process that starts workers was killed; what is done is kept: run the same again with --resume"
            ) from error
        theirs.close()
        crew.append(_Worker(process, ours))

    def assign(worker: _Worker) -> None:
        worker.images = 0
        worker.current = None
        if pending:
            busy = {other.current for other in crew if other.current is not None}
            worker.current = choose(pending, worker.last, busy)
            pending.discard(worker.current)
            _send(worker.connection, by_number[worker.current])

    def bury(worker: _Worker) -> None:
        """Take the range of a worker that is gone back."""
        worker.process.join()
        crew.remove(worker)
        worker.connection.close()
        if worker.current is None:
            return
        if worker.process.exitcode == BUG:
            raise RuntimeError("a worker ended with an error; its traceback is above")
        deaths[worker.current] = deaths.get(worker.current, 0) + 1
        on_images(-worker.images)
        pending.add(worker.current)
        if deaths[worker.current] >= MOST_DEATHS:
            raise _given_up(by_number[worker.current], worker.process.exitcode)

    try:
        while pending or any(worker.current is not None for worker in crew):
            while len(crew) < min(workers, len(pending) + sum(worker.current is not None for worker in crew)):
                hire()
            for worker in crew:
                if worker.current is None:
                    assign(worker)
            ready = wait([worker.connection for worker in crew if worker.current is not None])
            for worker in [worker for worker in crew if worker.connection in ready]:
                try:
                    message = worker.connection.recv()
                except (EOFError, OSError):
                    bury(worker)
                    continue
                if isinstance(message, BaseException):
                    raise message
                on_images(message)
                worker.images += message
                if not message:
                    worker.last = worker.current
                    assign(worker)
    finally:
        _dismiss(crew)


def _work(connection: Connection, job: ConversionJob) -> None:
    """Convert what comes through the connection; end when the other side has closed it, or is gone."""
    cv2.setNumThreads(1)
    try:
        converter = RangeConverter(job)
        while (steps := _received(connection)) is not None:
            counter = _Counter(connection)
            converter.convert(steps, counter)
            counter.finish()
    except (VitaError, OSError) as error:
        _send(connection, error)


def _received(connection: Connection) -> StepRange | None:
    """The next range; None when there is nobody to send one."""
    try:
        steps: StepRange = connection.recv()
    except (EOFError, ConnectionResetError):
        return None
    return steps


def _start_server() -> None:
    """Start the process that workers are forked from, deaf to Ctrl-C like all that it forks.

    Ctrl-C reaches every process of a terminal; the one that was started decides.
    """
    resource_tracker.ensure_running()  # else it would be started below, and undo the mask
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class _Counter:
    """Tells the other side how many images are done, now and then; 0 means that the range is whole."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._images = 0
        self._told_s = time.monotonic()

    def __call__(self, images: int) -> None:
        self._images += images
        if time.monotonic() - self._told_s > REPORT_S:
            self._tell()

    def finish(self) -> None:
        if self._images:
            self._tell()
        self._send(0)

    def _tell(self) -> None:
        self._send(self._images)
        self._images, self._told_s = 0, time.monotonic()

    def _send(self, images: int) -> None:
        try:
            self._connection.send(images)
        except ConnectionError:
            sys.exit()  # nobody listens any more: the conversion was killed


def _send(connection: Connection, message: StepRange | Exception) -> None:
    """Send, unless the other side is gone, which is noticed where it is listened to."""
    with suppress(ConnectionError):
        connection.send(message)


def _given_up(steps: StepRange, exit_code: int | None) -> Exception:
    return UnfinishedError(
        f"{MOST_DEATHS} worker processes were killed over the same {len(steps)} steps from step {steps.first} on "
        f"(exit code {exit_code}), probably for lack of memory; what is done is kept: run the same again with --resume "
        "and fewer --workers"
    )


def _dismiss(crew: Sequence[_Worker]) -> None:
    for worker in crew:
        worker.connection.close()
        worker.process.terminate()
    for worker in crew:
        worker.process.join(END_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
