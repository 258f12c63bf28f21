"""A disk that is really full: a small one, mounted in a name space of its own."""

import subprocess
import sys

import pytest

SCRIPT = """
import subprocess, sys
from pathlib import Path
from vita_dataset.convert import convert
from vita_dataset.errors import DataError
from vita_dataset.image_codec import ImageCodec
from vita_dataset.range_journal import Journal

def mount(*options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "none", str(disk)], check=True)

def everything(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}

if __name__ == "__main__":
    recording, disk, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    options = {"codec": ImageCodec(95), "workers": workers}  # nobody knows beforehand how large JPEGs are
    mount("-o", "size=" + sys.argv[4])
    try:
        convert(recording, disk, **options)
        raise SystemExit("the disk was not full")
    except DataError as error:
        assert "is full" in str(error) and "--resume" in str(error), error
    assert not (disk / "lab/reach").exists()
    done = bool(Journal(disk / "lab/.reach.partial/journal").finished())
    assert workers > 1 or done == (sys.argv[5] == "some"), done  # several may each have filled a part of the disk
    mount("-o", "remount,size=64m")
    result = convert(recording, disk, resume=True, **options)
    assert everything(result.output) == everything(convert(recording, disk / "again", **options).output)
    assert [path.name for path in (disk / "lab").iterdir()] == ["reach"]
    print("well")
"""

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.mark.parametrize(("workers", "size", "done"), [(1, "640k", "some"), (2, "640k", "any"), (1, "4k", "nothing")])
def test_a_full_disk_keeps_what_fits(record, tmp_path, workers, size, done):
    (tmp_path / "disk").mkdir()
    try:
        probe = [*UNSHARE, "mount", "-t", "tmpfs", "none", str(tmp_path / "disk")]
        subprocess.run(probe, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no disk can be mounted here ({error})")
    recording = record("recorded/lab/reach", lengths=(300, 300, 300, 197), size=(16, 16))
    (tmp_path / "full.py").write_text(SCRIPT)
    command = [*UNSHARE, sys.executable, "full.py", str(recording), str(tmp_path / "disk"), str(workers), size, done]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout == "well\n", ended.stderr
