import os

import pytest

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file, is_folder, is_name


def test_what_is_there(tmp_path):
    file, link, nowhere = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    file.touch()
    link.symlink_to(tmp_path)
    nowhere.symlink_to(tmp_path / "gone")
    assert [is_file(path) for path in (file, link, nowhere, file / "x")] == [True, False, False, False]
    assert [is_folder(path) for path in (file, link, nowhere, file / "x")] == [False, True, False, False]


def test_what_files_can_be_called():
    assert all(map(is_name, ("a", "...", "a b", "observation.images.front", "é" * 127, "\n", "\udcff")))
    assert not any(map(is_name, ("", ".", "..", "a/b", "a\0", "é" * 128, "\ud800")))


@pytest.mark.parametrize("look", [is_file, is_folder])
def test_what_cannot_be_told_is_no_absence(tmp_path, look):
    with pytest.raises(DataError, match=r"cannot be reached .*too long.*; check the path"):
        look(tmp_path / ("a" * 300))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    if os.geteuid():  # the superuser may look everywhere
        with pytest.raises(DataError, match=r"cannot be reached .*Permission denied"):
            look(closed / "a")
