"""However a conversion is cut, interrupted and gone on with, what it writes is the same to the byte."""

import errno
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vita_dataset import conversion, range_converter
from vita_dataset.conversion import run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.convert import convert
from vita_dataset.errors import DataError, UsageError
from vita_dataset.image_codec import ImageCodec
from vita_dataset.range_journal import Journal
from vita_dataset.selection import Selection, SourceRequest
from vita_dataset.zarr_store import open_dataset

CAMERA = "observation.images.front"
LENGTHS = (300, 7, 500, 290)  # 1097 steps: ranges of 256 that begin within episodes


@pytest.fixture
def recording(record):
    return record("recorded/lab/reach", lengths=LENGTHS, size=(16, 16), cameras=(CAMERA,))


def everything(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def partial(folder):
    return folder / "lab" / ".reach.partial"


def plan(recording, folder, **options):
    return plan_conversion(SourceRequest(recording), folder, **options)


def interrupt_after(ranges, error):
    """Progress that raises when so many ranges are finished."""

    def on_progress(done, total):
        if done >= 256 * ranges + 10:
            raise error

    return on_progress


@pytest.mark.parametrize("codec", ["raw", "jpeg:80"])
def test_workers_write_what_one_process_writes(recording, tmp_path, codec):
    seen = []
    one = convert(recording, tmp_path / "one", codec=ImageCodec.parse(codec))
    many = convert(
        recording,
        tmp_path / "many",
        codec=ImageCodec.parse(codec),
        workers=3,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (1097, 1097)
    assert everything(one.output) == everything(many.output)
    assert one.spec.image_codec == codec
    assert len(open_dataset(many.output)) == 1097
    assert not partial(tmp_path / "many").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from vita_dataset.convert import convert

def on_progress(done, total):
    if list(Path(sys.argv[3]).glob("journal/*.npz")):
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]), workers=int(sys.argv[4]), on_progress=on_progress)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_conversion_goes_on(recording, tmp_path, workers):
    whole = convert(recording, tmp_path / "whole")
    folder, script = tmp_path / "out", tmp_path / "killed.py"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(recording), str(folder), str(partial(folder)), str(workers)]
    # Its workers live on for a moment and hold its output open: read to the end, it says that they are gone, too.
    killed = subprocess.run(command, timeout=120, check=False, stdout=subprocess.PIPE)
    assert killed.returncode == -signal.SIGKILL
    assert not (folder / "lab" / "reach").exists()
    done = Journal(partial(folder) / "journal").finished()
    assert 0 < len(done) < 5
    with pytest.raises(UsageError, match=rf"{len(done)} of 5 parts done\); add --resume"):
        convert(recording, folder)
    assert Journal(partial(folder) / "journal").finished() >= done
    first = partial(folder) / f"reach/data/{CAMERA}/c/{min(done)}/0/0/0"
    before = first.stat().st_mtime_ns
    seen = []
    result = convert(recording, folder, resume=True, on_progress=lambda done, _: seen.append(done))
    assert everything(result.output) == everything(whole.output)
    assert (result.output / f"data/{CAMERA}/c/{min(done)}/0/0/0").stat().st_mtime_ns == before
    assert seen[0] == sum((256, 256, 256, 256, 73)[number] for number in done)  # what was done before
    assert sorted(path.name for path in (folder / "lab").iterdir()) == ["reach"]


def test_ctrl_c_keeps_what_is_done(recording, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert(recording, tmp_path, on_progress=interrupt_after(2, KeyboardInterrupt()))
    assert Journal(partial(tmp_path) / "journal").finished() == {0, 1}
    with pytest.raises(KeyboardInterrupt):  # nothing more was finished; what was stays
        convert(recording, tmp_path, resume=True, on_progress=interrupt_after(2, KeyboardInterrupt()))
    assert Journal(partial(tmp_path) / "journal").finished() == {0, 1}


def test_ctrl_c_at_the_start_leaves_nothing(recording, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert(recording, tmp_path / "out", on_progress=interrupt_after(0, KeyboardInterrupt()))
    assert list((tmp_path / "out/lab").iterdir()) == []


def test_only_the_same_conversion_goes_on(recording, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert(recording, tmp_path, on_progress=interrupt_after(2, KeyboardInterrupt()))
    before = everything(partial(tmp_path))
    for other in (
        {"resize": (8, 8)},
        {"codec": ImageCodec(90)},
        {"selection": Selection(episodes=(0, 2, 1, 3))},
    ):
        with pytest.raises(UsageError, match="of another recording or with other options"):
            convert(recording, tmp_path, resume=True, **other)
    assert everything(partial(tmp_path)) == before
    with (recording / "meta/info.json").open("a") as handle:
        handle.write("\n")
    with pytest.raises(UsageError, match="of another recording"):
        convert(recording, tmp_path, resume=True)
    result = convert(recording, tmp_path, overwrite=True)
    assert len(open_dataset(result.output)) == 1097


def test_resuming_nothing_is_a_start(recording, tmp_path):
    assert len(open_dataset(convert(recording, tmp_path / "out", resume=True).output)) == 1097


def test_a_full_disk_keeps_what_is_done(recording, tmp_path, monkeypatch):
    writer, calls = range_converter.frame_writer, []

    def full(*args):
        calls.append(args)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return writer(*args)

    monkeypatch.setattr(range_converter, "frame_writer", full)
    with pytest.raises(DataError, match=r"is full.*--resume"):
        convert(recording, tmp_path / "out")
    monkeypatch.undo()
    assert not (tmp_path / "out/lab/reach").exists()
    assert Journal(partial(tmp_path / "out") / "journal").finished() == {0, 1}
    result = convert(recording, tmp_path / "out", resume=True)
    assert everything(result.output) == everything(convert(recording, tmp_path / "again").output)


def test_a_kill_while_finishing_goes_on(recording, tmp_path, monkeypatch):
    def die(plan, job):
        raise KeyboardInterrupt

    assemble = conversion.assemble
    monkeypatch.setattr(conversion, "assemble", lambda plan, job: (assemble(plan, job), die(plan, job)))
    with pytest.raises(KeyboardInterrupt):
        convert(recording, tmp_path / "out")
    monkeypatch.undo()
    assert (partial(tmp_path / "out") / "reach/config.json").exists()
    result = convert(recording, tmp_path / "out", resume=True)
    assert everything(result.output) == everything(convert(recording, tmp_path / "again").output)


def test_statistics_and_findings_are_those_of_one_pass(recording, tmp_path):
    dataset = open_dataset(convert(recording, tmp_path, workers=2).output)
    pixels = dataset.read_frames(CAMERA, np.arange(len(dataset))).reshape(-1, 3) / 255
    stats = dataset.stats[CAMERA]
    np.testing.assert_allclose(stats.mean[:, 0, 0], pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(stats.std[:, 0, 0], pixels.std(0), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(stats.min[:, 0, 0], pixels.min(0))
    assert stats.count == 1097


def test_a_part_of_a_recording(recording, tmp_path):
    selection = Selection(episodes=(3, 1))
    result = convert(recording, tmp_path / "out", selection=selection, repo_id="lab/some")
    dataset, all_of_it = open_dataset(result.output), open_dataset(convert(recording, tmp_path / "all").output)
    np.testing.assert_array_equal(dataset.episode_ends, [290, 297])
    np.testing.assert_array_equal(dataset.state[:290], all_of_it.state[807:])
    np.testing.assert_array_equal(
        dataset.read_frames(CAMERA, np.arange(290, 297)), all_of_it.read_frames(CAMERA, np.arange(300, 307))
    )
    report = json.loads((result.output / "meta/report.json").read_text())
    assert report["source_episodes"] == [3, 1]


def test_space_is_counted_for_what_is_left(recording, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        convert(recording, tmp_path, on_progress=interrupt_after(4, KeyboardInterrupt()))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=400_000))  # the whole takes 1.2 MB
    with pytest.raises(DataError, match="free"):
        convert(recording, tmp_path / "elsewhere")
    assert list((tmp_path / "elsewhere/lab").iterdir()) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(DataError, match="free"):
        convert(recording, tmp_path, resume=True)
    assert Journal(partial(tmp_path) / "journal").finished() == {0, 1, 2, 3}  # what is done waits for more space
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=400_000))
    assert len(open_dataset(convert(recording, tmp_path, resume=True).output)) == 1097


def test_a_damaged_record_costs_its_range_only(recording, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert(recording, tmp_path / "out", on_progress=interrupt_after(2, KeyboardInterrupt()))
    record = partial(tmp_path / "out") / "journal" / "000001.npz"
    record.write_bytes(record.read_bytes()[:100])
    with pytest.raises(DataError, match="remove it and run"):
        convert(recording, tmp_path / "out", resume=True)
    record.unlink()
    result = convert(recording, tmp_path / "out", resume=True)
    assert everything(result.output) == everything(convert(recording, tmp_path / "again").output)


def test_a_recording_that_changes_meanwhile_is_refused(recording, tmp_path):
    found = plan(recording, tmp_path / "out")
    with pytest.raises(DataError, match="has changed"):
        run_conversion(replace(found, lengths=(300, 7, 500, 289)))
    assert list((tmp_path / "out/lab").iterdir()) == []
    assert isinstance(found.output, Path)
