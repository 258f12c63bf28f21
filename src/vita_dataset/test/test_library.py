"""The folder of training sets."""

import json

import pytest

from vita_dataset.convert import convert
from vita_dataset.errors import DataError, UsageError
from vita_dataset.library import check_repo_id, datasets_dir, entries, interrupted


@pytest.mark.parametrize("repo_id", ["reach", "a/b/c", "../x", "a/..", "a/.hidden", "/a", "a b/c", "a/"])
def test_names_that_lead_elsewhere_are_refused(repo_id):
    with pytest.raises(UsageError, match="--repo-id A/B"):
        check_repo_id(repo_id)


def test_the_environment_says_where(monkeypatch, tmp_path):
    monkeypatch.delenv("FLARE_DATASETS_DIR", raising=False)
    with pytest.raises(UsageError, match="FLARE_DATASETS_DIR is not set"):
        datasets_dir()
    monkeypatch.setenv("FLARE_DATASETS_DIR", str(tmp_path))
    assert datasets_dir() == str(tmp_path)


def test_what_is_there(record, tmp_path):
    source, root = record("recorded/lab/reach"), tmp_path / "sets"
    convert(source, root, repo_id="b/two")
    convert(source, root, repo_id="a/one")
    broken = convert(source, root, repo_id="b/broken").output / "config.json"
    document = json.loads(broken.read_text())
    broken.write_text(json.dumps({**document, "format_version": 99}))
    (root / "b" / "notes").mkdir()
    (root / ".hidden" / "x").mkdir(parents=True)
    (root / "b" / "circle").symlink_to("circle")
    found = list(entries(root))
    assert [entry.repo_id for entry in found] == ["a/one", "b/broken", "b/circle", "b/two"]
    assert [entry.dataset is not None for entry in found] == [True, False, False, True]
    assert "format version 99" in found[1].trouble
    assert found[0].size_bytes > 12 * 2 * 32 * 48 * 3
    assert list(interrupted(root)) == []
    (root / "b/.three.partial/journal").mkdir(parents=True)
    assert list(interrupted(root)) == []
    (root / "b/.three.partial/journal/000000.npz").touch()
    assert list(interrupted(root)) == ["b/three"]
    with pytest.raises(DataError, match="does not exist"):
        list(entries(tmp_path / "nowhere"))
