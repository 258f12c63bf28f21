"""The same conversion on a cluster."""

import pytest

from vita_dataset.conversion import run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.convert import convert
from vita_dataset.dask_cluster import convert_on_cluster
from vita_dataset.errors import DataError, UsageError
from vita_dataset.range_converter import ConversionJob
from vita_dataset.selection import SourceRequest

distributed = pytest.importorskip("distributed", reason="Dask is optional: pip install distributed")


@pytest.fixture(scope="module")
def cluster():
    """Two workers of two threads each, in this process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
    ) as running:
        yield running.scheduler_address


def everything(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_cluster_writes_what_one_process_writes(record, tmp_path, cluster):
    recording = record("recorded/lab/reach", lengths=(300, 7, 500, 290), size=(16, 16), codec="h264")
    seen = []
    plan = plan_conversion(SourceRequest(recording), tmp_path / "cluster")
    result = run_conversion(plan, scheduler=cluster, on_progress=lambda done, total: seen.append((done, total)))
    assert everything(result.output) == everything(convert(recording, tmp_path / "here").output)
    assert seen[-1] == (2194, 2194)


def test_damage_is_named(record, tmp_path, cluster):
    recording = record(codec="h264")
    video = recording / "videos/chunk-000/observation.images.front/episode_000001.mp4"
    video.write_bytes(video.read_bytes()[:-200])
    plan = plan_conversion(SourceRequest(recording), tmp_path / "out")
    with pytest.raises(DataError, match="truncated"):
        run_conversion(plan, scheduler=cluster)
    assert list((tmp_path / "out/lab").iterdir()) == []


def test_workers_that_do_not_see_the_files(record, tmp_path, cluster):
    plan = plan_conversion(SourceRequest(record()), tmp_path / "out")
    job = ConversionJob(plan.request, plan.spec, tmp_path / "work", tmp_path / "not here")
    with pytest.raises(DataError, match="all workers share"):
        convert_on_cluster(job, plan.ranges, cluster, lambda _: None)


def test_nobody_answers(record, tmp_path, monkeypatch):
    monkeypatch.setattr("vita_dataset.dask_cluster.CONNECT_S", 0.5)
    plan = plan_conversion(SourceRequest(record()), tmp_path / "out")
    with pytest.raises(UsageError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        run_conversion(plan, scheduler="tcp://127.0.0.1:9")
