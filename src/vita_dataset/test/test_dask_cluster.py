"""The same conversion on a cluster."""

import time
from dataclasses import replace

import pytest

from vita_dataset.conversion import run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.convert import convert
from vita_dataset.dask_cluster import convert_on_cluster
from vita_dataset.errors import DataError, UsageError
from vita_dataset.range_converter import ConversionJob
from vita_dataset.range_journal import Journal, UnfinishedError
from vita_dataset.selection import SourceRequest

distributed = pytest.importorskip("distributed", reason="Dask is optional: pip install distributed")


@pytest.fixture(scope="module")
def running():
    """Two workers of two threads each, in this process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
    ) as running:
        yield running


@pytest.fixture
def cluster(running):
    return running.scheduler_address


def everything(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_cluster_writes_what_one_process_writes(record, tmp_path, cluster):
    recording = record("recorded/lab/reach", lengths=(300, 7, 500, 290), size=(16, 16), codec="h264")
    seen = []
    plan = plan_conversion(SourceRequest(recording), tmp_path / "cluster")
    result = run_conversion(plan, scheduler=cluster, on_progress=lambda done, total: seen.append((done, total)))
    assert everything(result.output) == everything(convert(recording, tmp_path / "here").output)
    assert seen[-1] == (2194, 2194)


def test_what_is_done_is_not_done_again_for_a_lost_worker(record, tmp_path, running):
    """The scheduler forgets it, and so cannot think of it as lost with the worker that did it."""
    plan = plan_conversion(SourceRequest(record(lengths=(1100,), size=(16, 16), cameras=("front",))), tmp_path / "out")
    left = len(plan.ranges)

    def on_progress(done, total):
        nonlocal left
        left -= 1
        deadline_s = time.monotonic() + 60
        while len([key for key in list(running.scheduler.tasks) if "_convert" in str(key)]) > left:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)

    run_conversion(plan, scheduler=running.scheduler_address, on_progress=on_progress)
    assert left == 0


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
    with pytest.raises(UnfinishedError, match="all workers share"):
        convert_on_cluster(job, plan.ranges, cluster, lambda _: None)
    job = replace(job, request=SourceRequest(tmp_path / "not here"))
    with pytest.raises(UnfinishedError, match=r"cannot open the recording .* all workers share"):
        convert_on_cluster(job, plan.ranges, cluster, lambda _: None)


def test_nobody_answers(record, tmp_path, monkeypatch):
    monkeypatch.setattr("vita_dataset.dask_cluster.CONNECT_S", 0.5)
    recording = record("recorded/lab/reach", lengths=(300,), size=(16, 16))
    with pytest.raises(KeyboardInterrupt):
        convert(recording, tmp_path / "out", on_progress=interrupt)
    plan = plan_conversion(SourceRequest(recording), tmp_path / "out")
    with pytest.raises(UsageError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        run_conversion(plan, scheduler="tcp://127.0.0.1:9", resume=True)
    assert Journal(tmp_path / "out/lab/.reach.partial/journal").finished() == {0}


def interrupt(done, total):
    """After the first range."""
    if done > 520:
        raise KeyboardInterrupt
