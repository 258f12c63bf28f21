"""Workers that die, fail or are told to stop: nothing is lost but what they were at, and nobody stays behind."""

import multiprocessing
import subprocess
import sys

import pytest
from pool_recording import BAD, STEPS, PoolRequest

from vita_dataset.errors import DataError
from vita_dataset.range_converter import ConversionJob
from vita_dataset.range_journal import Journal, UnfinishedError
from vita_dataset.range_plan import Piece, StepRange
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.worker_pool import convert_in_pool

RANGES = [StepRange(number, 256 * number, (Piece(number, 0, STEPS),)) for number in range(12)]
VECTOR = VectorSpec("state", 1)
SPEC = DatasetSpec("lab/x", 10.0, (CameraSpec("front", 16, 16),), VECTOR, VECTOR, SourceSpec("/x", "v2.1", ""))


@pytest.fixture
def run(tmp_path):
    """Convert, and return which ranges were done and how many images were counted."""

    def start(workers=3, ranges=RANGES, **told):
        job = ConversionJob(PoolRequest(tmp_path, **told), SPEC, tmp_path / "work", tmp_path / "journal")
        Journal(job.journal).begin({"spec": SPEC.to_dict()})
        counts = []
        try:
            convert_in_pool(job, ranges, workers, counts.append)
        finally:
            assert multiprocessing.active_children() == []
        assert Journal(job.journal).finished() == {steps.number for steps in ranges}
        return sorted(int(line) for line in (tmp_path / "done").read_text().split()), sum(counts)

    return start


@pytest.mark.parametrize("workers", [1, 2, 40])
def test_every_range_is_done_once(run, workers):
    assert run(workers) == (list(range(12)), 120)


def test_nothing_to_do(run, tmp_path):
    (tmp_path / "done").touch()
    assert run(ranges=[]) == ([], 0)


@pytest.mark.parametrize("exit_code", [None, 255])  # 255: as Python has it where the fork server was killed, too
def test_the_range_of_a_killed_worker_is_done_again(run, exit_code):
    assert run(kills=1, exit_code=exit_code) == (list(range(12)), 120)


def test_a_range_that_kills_its_workers_is_given_up(run, tmp_path):
    with pytest.raises(UnfinishedError, match=rf"2 worker processes .* 10 steps from step {256 * BAD} on .* --resume"):
        run(kills=9)
    assert len(list(tmp_path.glob("killed*"))) == 2


@pytest.mark.parametrize("error", [DataError("a damaged video"), OSError(28, "No space left on device")])
def test_what_a_worker_cannot_do_is_said_here(run, error):
    with pytest.raises(type(error), match=str(error.args[-1])) as caught:
        run(error=error)
    assert getattr(caught.value, "errno", None) == getattr(error, "errno", None)


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), EOFError("a bug, too")])
def test_a_bug_in_a_worker_is_a_bug_here(run, error):
    with pytest.raises(RuntimeError, match="its traceback is above"):
        run(error=error)


def test_a_server_that_is_killed_is_said(run, monkeypatch):
    def start(_process):
        raise EOFError

    monkeypatch.setattr(multiprocessing.context.ForkServerProcess, "start", start)
    with pytest.raises(UnfinishedError, match="the process that starts workers was killed"):
        run()


DEAF = """
import os, signal, sys
from multiprocessing import get_context
from vita_dataset import worker_pool

if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: None)
    context = get_context("forkserver")
    context.set_forkserver_preload(["vita_dataset.worker_pool"])
    worker_pool._start_server()
    os.killpg(0, signal.SIGINT)  # while the server is still importing
    process = context.Process(target=os.getpid)
    process.start()
    process.join()
    sys.exit(process.exitcode)
"""


def test_ctrl_c_is_for_the_main_process_only(tmp_path):
    (tmp_path / "deaf.py").write_text(DEAF)
    command = [sys.executable, str(tmp_path / "deaf.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, start_new_session=True)
    assert (done.returncode, done.stderr) == (0, "")
