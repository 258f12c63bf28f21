"""A cluster of processes, which are killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from vita_dataset.conversion import run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.convert import convert
from vita_dataset.errors import UsageError
from vita_dataset.range_journal import Journal, UnfinishedError
from vita_dataset.selection import SourceRequest

distributed = pytest.importorskip("distributed", reason="Dask is optional: pip install distributed")


@pytest.fixture
def start(tmp_path):
    """Start a part of Dask in a folder of its own; what was started ends with the test."""
    folder, processes = tmp_path / "dask", []
    folder.mkdir()

    def start(part, *options):
        command = [sys.executable, "-m", "dask", part, "--scheduler-file", "scheduler.json", "--no-dashboard", *options]
        with (folder / f"{part}{len(processes)}.log").open("w") as log:
            processes.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def address(file):
    """Where the scheduler is, as soon as it says so."""
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        try:
            return json.loads(file.read_text())["address"]
        except (OSError, ValueError):
            time.sleep(0.05)
    raise AssertionError("the scheduler did not start")


def everything(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def kills(process):
    """Progress that kills a process as soon as a range is done."""

    def on_progress(done, total):
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    return on_progress


def test_workers_and_scheduler_are_killed(record, tmp_path, monkeypatch, start):
    recording = record("recorded/lab/reach", lengths=(300, 7, 500, 290), size=(16, 16))
    whole = everything(convert(recording, tmp_path / "whole").output)
    monkeypatch.chdir(tmp_path)  # the cluster is elsewhere
    request = SourceRequest(recording.relative_to(tmp_path))
    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0")
    place = address(tmp_path / "dask/scheduler.json")
    plan = plan_conversion(request, tmp_path / "out")

    wait = distributed.Client.wait_for_workers
    with monkeypatch.context() as patch:
        patch.setattr(distributed.Client, "wait_for_workers", lambda client, count, **_: wait(client, count, 0.1))
        with pytest.raises(UsageError, match=f"'{place}' has no workers; start some with 'dask worker {place}'"):
            run_conversion(plan, scheduler=place)

    alone = ("--no-nanny", "--nthreads", "1", "--local-directory", "scratch")
    workers = [start("worker", *alone) for _ in range(2)]
    monkeypatch.setattr("vita_dataset.dask_cluster.CONNECT_S", 60.0)
    result = run_conversion(plan, scheduler=place, on_progress=kills(workers[0]))
    assert everything(result.output) == whole

    plan = plan_conversion(request, tmp_path / "again")
    with pytest.raises(UnfinishedError, match=r"scheduler at .* is gone.*--resume"):
        run_conversion(plan, scheduler=place, on_progress=kills(scheduler))
    assert Journal(tmp_path / "again/lab/.reach.partial/journal").finished()
    result = convert(request.path, tmp_path / "again", resume=True)
    assert everything(result.output) == whole
