"""The command convert, as it is typed."""

import json
import re
import tempfile

import pytest
import yaml

from vita_dataset.cli_convert import convert
from vita_dataset.zarr_store import open_dataset

FRONT, WRIST = "observation.images.front", "observation.images.wrist"


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "sets"
    monkeypatch.setenv("FLARE_DATASETS_DIR", str(folder))
    return folder


@pytest.fixture
def recording(record):
    return record("recorded/lab/reach", lengths=(5, 7, 4), codec="h264")


def run(capsys, *arguments, code=0):
    found = convert([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert found == code, err
    if code:
        assert len(err.splitlines()) == 1
        return err
    return out


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_part_in_small_jpegs(recording, root, capsys, tmp_path):
    out = run(
        capsys, "-r", recording, "--episodes", "2,0:1", "--keys", "*.wrist", "--resize", 16, 24,
        "--image-codec", "jpeg:80", "--repo-id", "lab/part", "--workers", 1, "--write-task", tmp_path / "task.yaml",
    )  # fmt: skip
    dataset = open_dataset(root / "lab/part")
    assert dataset.episode_ends.tolist() == [4, 9]
    assert (dataset.spec.image_codec, [camera.key for camera in dataset.spec.cameras]) == ("jpeg:80", [WRIST])
    assert out.startswith(f"{root / 'lab/part'}: 2 episodes, 9 steps, 0:01 of recording, ")
    assert f"left out: {FRONT}" in out
    task = yaml.safe_load((tmp_path / "task.yaml").read_text())["task"]
    assert (task["image_keys"], task["fps"], task["dataset_repo_id"]) == ([WRIST], 10, "lab/part")
    assert json.loads((root / "lab/part/meta/report.json").read_text())["source_episodes"] == [2, 0]


def test_dropping_a_camera(recording, root, capsys):
    run(capsys, "-r", recording, "--drop-keys", "*.wrist")
    assert [camera.key for camera in open_dataset(root / "lab/reach").spec.cameras] == [FRONT]


def test_a_dry_run_writes_nothing_and_tells_the_size(recording, root, capsys):
    for codec, about in (("raw", ""), ("jpeg", "about ")):
        out = run(capsys, "-r", recording, "--dry-run", "--image-codec", codec)
        assert f"would write {root / 'lab/reach'}: 3 episodes, 16 steps at 10 Hz" in out
        assert f"{FRONT}  uint8 [16, 32, 48, 3] {'raw' if codec == 'raw' else 'jpeg:90'}" in out
        assert re.search(rf"size: {about}0\.00 GB; [0-9.]+ GB are free there", out)
        assert re.search(r"time: about 0:0\d with 1 process \(10 of 32 images were tried\)", out)
    assert files(root) == []
    run(capsys, "-r", recording)
    assert "it exists already: --overwrite would replace it" in run(capsys, "-r", recording, "--dry-run")


def test_a_dry_run_needs_a_folder_of_temporary_files(recording, root, capsys, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    assert "TMPDIR" in run(capsys, "-r", recording, "--dry-run", code=1)


def test_the_list(recording, root, capsys, tmp_path):
    run(capsys, "-r", recording)
    out = run(capsys, "--ls")
    assert re.fullmatch(rf"lab/reach +\d+ MB  3 episodes, 16 steps at 10 Hz  raw  {FRONT} 32x48, {WRIST} 32x48\n", out)
    (tmp_path / "empty").mkdir()
    assert run(capsys, "-l", "--root", tmp_path / "empty") == f"no training sets in {tmp_path / 'empty'}\n"
    assert "does not exist" in run(capsys, "-l", "--root", tmp_path / "nowhere", code=1)
    assert "is a URL" in run(capsys, "-l", "--root", "memory://bucket", code=2)


def test_another_root(recording, monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("FLARE_DATASETS_DIR", raising=False)
    assert "or give --root" in run(capsys, "-r", recording, code=2)
    task = tmp_path / "task.yaml"
    run(capsys, "-r", recording, "--root", (tmp_path / "there").as_uri(), "--write-task", task)
    assert len(open_dataset(tmp_path / "there/lab/reach")) == 16
    assert yaml.safe_load(task.read_text())["task"]["dataset_root"] == str(tmp_path / "there/lab/reach")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--episodes", "9"], "9"),
        (["--episodes", "0:x"], "0:x"),
        (["--keys", "*.elbow"], WRIST),
        (["--drop-keys", "*"], "camera"),
        (["--image-codec", "png"], "choose 'raw', 'jpeg'"),
        (["--workers", "0"], "--workers must be 1 or more"),
        (["--resize", "0", "9"], "--resize must be"),
        (["--state-key", "nothing"], "nothing"),
        (["--scheduler", "nowhere"], "nowhere"),
    ],
)
def test_what_makes_no_sense_ends_with_2(recording, root, capsys, options, message):
    assert message in run(capsys, "-r", recording, *options, code=2)
    assert files(root) == []


def test_an_interrupted_one_says_how_to_go_on(record, root, capsys, monkeypatch):
    recording = record("recorded/lab/reach", lengths=(300, 300), size=(16, 16), cameras=(FRONT,))

    def interrupt(_line, done, total):
        if done > 300:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("vita_dataset.progress.ProgressLine.__call__", interrupt)
        assert convert(["-r", str(recording), "--workers", "1"]) == 130
    assert "the same command with --resume goes on" in capsys.readouterr().err
    assert "lab/reach  interrupted: convert with --resume goes on" in run(capsys, "-l")
    run(capsys, "-r", recording, "--resume")
    assert len(open_dataset(root / "lab/reach")) == 600
