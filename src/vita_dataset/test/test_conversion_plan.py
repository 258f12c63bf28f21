"""What a conversion will write is known before it does."""

import pytest

from vita_dataset.conversion import run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.errors import DataError
from vita_dataset.selection import SourceRequest


@pytest.mark.parametrize("steps", [1, 256, 300])
def test_the_size_is_that_of_the_files(record, tmp_path, steps):
    plan = plan_conversion(SourceRequest(record("recorded/lab/reach", lengths=(steps,), size=(16, 16))), tmp_path)
    data = run_conversion(plan).output / "data"
    assert plan.raw_bytes == sum(path.stat().st_size for path in data.rglob("c/**/*") if path.is_file())


def test_a_circle_of_links_is_refused(record, tmp_path):
    (tmp_path / "sets/lab").mkdir(parents=True)
    (tmp_path / "sets/lab/reach").symlink_to("reach")
    with pytest.raises(DataError, match="circle of links"):
        plan_conversion(SourceRequest(record()), tmp_path / "sets")
