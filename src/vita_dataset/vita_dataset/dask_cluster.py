"""Converts ranges on a Dask cluster, whose workers see the same files. Dask is needed only where this is used."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError

from vita_dataset.errors import DataError, UsageError
from vita_dataset.range_converter import ConversionJob, OnImages, RangeConverter
from vita_dataset.range_journal import UnfinishedError
from vita_dataset.range_plan import StepRange

CONNECT_S = 20.0


def convert_on_cluster(job: ConversionJob, ranges: Sequence[StepRange], address: str, on_images: OnImages) -> None:
    """Convert all ranges.

    Where this ends with an error, workers may still be at a range; ``Journal.alone`` waits for them.

    Args:
        job: what is converted.
        ranges: those that are not done yet.
        address: of the scheduler, "tcp://host:port".
        on_images: called with the number of images converted since the last call.

    Raises:
        UsageError: Dask is not installed, nothing answers at the address, or the cluster has no workers that have
            this package.
        UnfinishedError: scheduler or workers were lost, or cannot do the work.
        DataError: the recording is damaged.
        OSError: the disk is full or cannot be written.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
        from distributed import TimeoutError as NoWorkersError
    except ImportError as error:
        raise UsageError(
            f"--scheduler needs Dask, which is not installed ({error}); install 'distributed' or leave --scheduler out"
        ) from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at '{address}' ({error}); start one with 'dask scheduler' or correct it"
        ) from error
    with client, client.as_current():
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
        except NoWorkersError as error:
            raise UsageError(
                f"the Dask scheduler at '{address}' has no workers; start some with 'dask worker {address}'"
            ) from error
        try:
            client.run(exec, f"import {__name__}")  # a task whose code a worker lacks would end the worker
        except ImportError as error:
            raise UsageError(
                f"workers of the cluster lack what this machine has ({error}); start them where this workspace is "
                "installed and sourced"
            ) from error
        try:
            # No future is kept: Dask would do again what a lost worker has done, to have its result.
            for future in as_completed(client.map(_convert, [job] * len(ranges), ranges, pure=False)):
                steps = future.result()
                future.release()
                on_images(steps * len(job.spec.cameras))
        except KilledWorker as error:
            raise UnfinishedError(
                f"workers of the cluster were lost again and again over the same range ({error}); what is done is "
                "kept: look at the workers' logs and run the same again with --resume"
            ) from error
        except CancelledError as error:
            raise UnfinishedError(
                f"the Dask scheduler at '{address}' is gone; what is done is kept: start it and run the same again "
                "with --resume"
            ) from error


def _convert(job: ConversionJob, steps: StepRange) -> int:
    """Convert a range on a worker of the cluster; its length."""
    if getattr(_open, "job", None) != job:
        try:
            _open.converter, _open.job = RangeConverter(job), job
        except DataError as error:
            raise UnfinishedError(
                f"a worker of the cluster cannot open the recording ({error}); recording and result must lie on a "
                "file system that all workers share"
            ) from error
    _open.converter.convert(steps, lambda _images: None)
    return len(steps)


_open = threading.local()
"""The recording stays open from one range to the next of the same conversion; each thread of a worker has its own."""
