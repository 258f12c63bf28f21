"""One range: its frames, its record, and what it refuses."""

import numpy as np
import pytest

from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.errors import DataError
from vita_dataset.range_converter import ConversionJob, RangeConverter
from vita_dataset.range_journal import Journal
from vita_dataset.range_plan import Piece, StepRange
from vita_dataset.selection import SourceRequest

FRONT = "observation.images.front"


@pytest.fixture
def job(record, tmp_path):
    """Three episodes, of which nothing is converted yet."""
    plan = plan_conversion(SourceRequest(record(lengths=(5, 3, 4), cameras=(FRONT,))), tmp_path / "out")
    job = ConversionJob(plan.request, plan.spec, tmp_path / "work", tmp_path / "journal")
    Journal(job.journal).begin({"spec": job.spec.to_dict()})
    return job


def test_frames_and_record(job):
    images = []
    steps = StepRange(0, 0, (Piece(0, 2, 5), Piece(1, 0, 3), Piece(2, 0, 2)))
    RangeConverter(job).convert(steps, images.append)
    assert sum(images) == 8
    frames = np.fromfile(job.work / f"data/{FRONT}/c/0/0/0/0", np.uint8).reshape(-1, 32, 48, 3)
    assert frames[:8, 0, 0].tolist() == [
        [40 + 60 * episode, 40, 20 + 15 * step]
        for episode, step in ((0, 2), (0, 3), (0, 4), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1))
    ]
    seen = Journal(job.journal).read(0).cameras[FRONT].watched
    assert [(part.first, part.last) for part in seen] == [(2, 4), (0, 2), (0, 1)]
    assert [len(part.head) > 0 for part in seen] == [True, False, True]  # a whole episode is joined with nothing


def test_another_conversion_has_begun(job):
    Journal(job.journal).begin({"spec": {"repo_id": "lab/other"}})
    with pytest.raises(DataError, match="another conversion has begun"):
        RangeConverter(job).convert(StepRange(0, 0, (Piece(0, 0, 5),)), lambda _: None)
    assert not job.work.exists()
