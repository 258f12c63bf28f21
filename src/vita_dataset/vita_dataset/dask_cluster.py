"""Converts ranges on a Dask cluster, whose workers see the same files. Dask is needed only where this is used."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from vita_dataset.errors import UsageError
from vita_dataset.range_converter import ConversionJob, OnImages, RangeConverter, WorkersLostError
from vita_dataset.range_plan import StepRange

CONNECT_S = 20.0
POLL_S = 0.2


def convert_on_cluster(job: ConversionJob, ranges: Sequence[StepRange], address: str, on_images: OnImages) -> None:
    """Convert all ranges.

    Args:
        job: what is converted.
        ranges: those that are not done yet.
        address: of the scheduler, "tcp://host:port".
        on_images: called with the number of images converted since the last call.

    Raises:
        UsageError: Dask is not installed, or nothing answers at the address.
        WorkersLostError: workers were lost again and again.
        DataError: the recording is damaged, or workers do not see the folders.
        OSError: the disk is full or cannot be written.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
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
        futures = client.map(_convert, [job] * len(ranges), ranges, pure=False)
        keys = {future.key for future in futures}
        try:
            for future in as_completed(futures):
                on_images(future.result() * len(job.spec.cameras))
        except BaseException as error:
            client.cancel(futures)
            # What runs already runs on to its end; nobody may write there any more when this returns.
            while keys & {key for running in client.run(_running).values() for key in running}:
                time.sleep(POLL_S)
            if isinstance(error, KilledWorker):
                raise WorkersLostError(
                    f"workers of the cluster were lost again and again over the same range ({error}); what is done is "
                    "kept: look at the workers' logs and run the same again with --resume"
                ) from error
            raise


def _running(dask_worker: Any) -> list[str]:
    """The keys of what a worker is doing."""
    return list(dask_worker.active_threads.values())


def _convert(job: ConversionJob, steps: StepRange) -> int:
    """Convert a range on a worker of the cluster; its length."""
    if getattr(_open, "job", None) != job:
        _open.converter, _open.job = RangeConverter(job), job
    _open.converter.convert(steps, lambda _images: None)
    return len(steps)


_open = threading.local()
"""The recording stays open from one range to the next of the same conversion; each thread of a worker has its own."""
