"""Workers that die, fail or are told to stop: nothing is lost but what they were at, and nobody stays behind."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from vita_dataset import worker_pool
from vita_dataset.errors import DataError
from vita_dataset.range_converter import ConversionJob, WorkersLostError
from vita_dataset.range_plan import Piece, StepRange
from vita_dataset.selection import SourceRequest
from vita_dataset.worker_pool import convert_in_pool

RANGES = [StepRange(number, 10 * number, (Piece(number, 0, 10),)) for number in range(12)]


class Converter:
    """Writes down what it did, and does what it is told to in range 5: {"kill": times} or {"raise": error}."""

    told: ClassVar[dict] = {}

    def __init__(self, job):
        self._folder = job.work

    def convert(self, steps, on_images):
        for _ in range(10):
            on_images(1)
        if steps.number == 5:
            killed = len(list(self._folder.glob("killed*")))
            if killed < self.told.get("kill", 0):
                (self._folder / f"killed{killed}").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if "raise" in self.told:
                raise self.told["raise"]
        with (self._folder / "done").open("a") as handle:
            handle.write(f"{steps.number}\n")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Convert with workers forked from here, so that they know the converter above."""

    def start(workers=3, ranges=RANGES, **told):
        fork = multiprocessing.get_context("fork")
        monkeypatch.setattr(worker_pool, "get_context", lambda _method: fork)
        monkeypatch.setattr(worker_pool, "RangeConverter", Converter)
        monkeypatch.setattr(Converter, "told", told)
        counts = []
        job = ConversionJob(SourceRequest(Path("nowhere")), None, tmp_path, tmp_path)
        try:
            convert_in_pool(job, ranges, workers, counts.append)
        finally:
            assert multiprocessing.active_children() == []
        return sorted(int(line) for line in (tmp_path / "done").read_text().split()), sum(counts)

    return start


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
def test_every_range_is_done_once(run, workers):
    assert run(workers) == (list(range(12)), 120)


def test_nothing_to_do(run, tmp_path):
    (tmp_path / "done").touch()
    assert run(ranges=[]) == ([], 0)


def test_the_range_of_a_killed_worker_is_done_again(run):
    assert run(kill=1) == (list(range(12)), 120)


def test_a_range_that_kills_its_workers_is_given_up(run, tmp_path):
    with pytest.raises(WorkersLostError, match=r"2 worker processes .* 10 steps from step 50 on .* --resume"):
        run(kill=9)
    assert len(list(tmp_path.glob("killed*"))) == 2


@pytest.mark.parametrize("error", [DataError("a damaged video"), OSError(28, "No space left on device")])
def test_what_a_worker_cannot_do_is_said_here(run, error):
    with pytest.raises(type(error), match=str(error.args[-1])) as caught:
        run(**{"raise": error})
    assert getattr(caught.value, "errno", None) == getattr(error, "errno", None)


def test_a_bug_in_a_worker_is_a_bug_here(run, capfd):
    with pytest.raises(RuntimeError, match="exit code 1"):
        run(**{"raise": ZeroDivisionError("a bug")})
    assert "ZeroDivisionError: a bug" in capfd.readouterr().err
