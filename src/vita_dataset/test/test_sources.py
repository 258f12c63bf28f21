from pathlib import Path

import pytest
from converted_files import write_converted
from vita_zarr_files import write_vita_zarr

from vita_dataset.converted_source import ConvertedSource
from vita_dataset.errors import DataError
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.sources import open_source
from vita_dataset.upload import upload
from vita_dataset.vita_zarr_source import VitaZarr


def test_every_kind_is_told_apart(record, tmp_path):
    assert isinstance(open_source(record()), LeRobotDataset)
    assert isinstance(open_source(write_vita_zarr(tmp_path / "zarr")), VitaZarr)
    converted = write_converted(tmp_path / "converted")
    assert isinstance(open_source(converted), ConvertedSource)
    assert isinstance(open_source(f"file://{converted}"), ConvertedSource)


def test_a_converted_dataset_at_a_url(tmp_path):
    upload(write_converted(tmp_path / "converted"), "memory://sources/reach")
    source = open_source("memory://sources/reach")
    assert source.episode_count == 2
    assert len(list(source.episode(1).frames["observation.images.front"]())) == 7
    with pytest.raises(DataError, match=r"'memory://sources/nothing' does not exist"):
        open_source("memory://sources/nothing")


@pytest.mark.parametrize("content", ["", '{"format": "vita_', "[]", '{"format": "another"}'])
def test_a_training_set_without_its_description(tmp_path, content):
    path = write_converted(tmp_path / "converted")
    (path / "config.json").write_text(content)
    with pytest.raises(DataError, match=r"config\.json' is damaged, or of something else than a training set"):
        open_source(path)


@pytest.mark.parametrize("path", ["nothing", "a" * 300, "nothing/below", ""])
def test_what_is_no_dataset(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"does not exist|cannot be reached|is not a LeRobot dataset"):
        open_source(Path(path))
