import errno
import fcntl
import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.publish import publish, refuse_overlap


def is_ours(path):
    return (path / "mark").exists()


def write(work, text):
    work.mkdir()
    (work / "mark").write_text(text)


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def test_appears_when_whole_and_leaves_nothing_else(tmp_path):
    with publish(tmp_path / "a" / "out", overwrite=False, replaceable=is_ours) as work:
        write(work, "new")
        assert not (tmp_path / "a" / "out").exists()
    assert (tmp_path / "a" / "out" / "mark").read_text() == "new"
    assert names(tmp_path / "a") == ["out"]


def write_and_fail(output):
    with publish(output, overwrite=True, replaceable=is_ours) as work:
        write(work, "new")
        raise ZeroDivisionError


def test_a_failure_leaves_the_old_one_and_nothing_else(tmp_path):
    write(tmp_path / "out", "old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path / "out")
    assert (tmp_path / "out" / "mark").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_overwrite_replaces_only_its_own_kind(tmp_path):
    write(tmp_path / "out", "old")
    with (
        pytest.raises(UsageError, match="--overwrite"),
        publish(tmp_path / "out", overwrite=False, replaceable=is_ours),
    ):
        pass
    with publish(tmp_path / "out", overwrite=True, replaceable=is_ours) as work:
        write(work, "new")
        assert (tmp_path / "out" / "mark").read_text() == "old"
    assert (tmp_path / "out" / "mark").read_text() == "new"
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("")
    with (
        pytest.raises(DataError, match="something else"),
        publish(tmp_path / "home", overwrite=True, replaceable=is_ours),
    ):
        pass
    assert names(tmp_path) == ["home", "out"]


def test_the_second_writer_refuses(tmp_path):
    with publish(tmp_path / "out", overwrite=False, replaceable=is_ours) as work:
        with (
            pytest.raises(DataError, match="another process"),
            publish(tmp_path / "out", overwrite=True, replaceable=is_ours),
        ):
            pass
        write(work, "first")
    assert (tmp_path / "out" / "mark").read_text() == "first"


def _killed_while_writing(folder):
    with publish(folder / "out", overwrite=True, replaceable=is_ours) as work:
        write(work, "half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_leaves_no_lock_and_its_rest_goes(tmp_path):
    process = multiprocessing.get_context("fork").Process(target=_killed_while_writing, args=(tmp_path,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    with publish(tmp_path / "out", overwrite=False, replaceable=is_ours) as work:
        write(work, "whole")
    assert names(tmp_path) == ["out"]


def test_a_kill_between_the_two_renames_is_mended(tmp_path):
    write(tmp_path / ".out.replaced", "old")
    with pytest.raises(UsageError), publish(tmp_path / "out", overwrite=False, replaceable=is_ours):
        pass
    assert (tmp_path / "out" / "mark").read_text() == "old"
    write(tmp_path / ".out.replaced", "older")
    with publish(tmp_path / "out", overwrite=True, replaceable=is_ours) as work:
        write(work, "new")
    assert names(tmp_path) == ["out"]


def test_a_full_disk_is_said_in_one_sentence(tmp_path):
    with (
        pytest.raises(DataError, match=r"disk of .* is full"),
        publish(tmp_path / "out", overwrite=False, replaceable=is_ours),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_a_disk_that_refuses_is_said_in_one_sentence(tmp_path):
    with (
        pytest.raises(DataError, match=r"out' cannot be written: '/x/0' says 'Read-only file system'"),
        publish(tmp_path / "out", overwrite=False, replaceable=is_ours),
    ):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/x/0")
    assert names(tmp_path) == []


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def flock(_handle, _operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with (
        pytest.raises(DataError, match="knows no locks"),
        publish(tmp_path / "out", overwrite=False, replaceable=is_ours),
    ):
        pytest.fail("it began")


def test_a_lock_that_goes_while_it_is_taken(tmp_path, monkeypatch):
    """Its last holder removes it between our opening and our locking it."""
    really, taken = fcntl.flock, []

    def flock(handle, operation):
        taken.append(handle)
        if len(taken) == 1:
            (tmp_path / ".out.lock").unlink()
        really(handle, operation)

    monkeypatch.setattr("fcntl.flock", flock)
    with publish(tmp_path / "out", overwrite=False, replaceable=is_ours) as work:
        assert len(taken) == 2
        write(work, "new")
    assert names(tmp_path) == ["out"]


def test_what_readers_hold_on_to_does_not_undo_a_success(tmp_path, monkeypatch):
    write(tmp_path / "out", "old")
    remove = shutil.rmtree

    def busy(path, ignore_errors=False):
        if Path(path).name != ".out.replaced":
            remove(path, ignore_errors)
        elif not ignore_errors:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", busy)
        with publish(tmp_path / "out", overwrite=True, replaceable=is_ours) as work:
            write(work, "new")
    assert (tmp_path / "out" / "mark").read_text() == "new"
    with publish(tmp_path / "out", overwrite=True, replaceable=is_ours) as work:
        write(work, "newer")
    assert names(tmp_path) == ["out"]


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataError, match="cannot be made"),
        publish(tmp_path / "file" / "out", overwrite=False, replaceable=is_ours),
    ):
        pass


def test_a_mount_point_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path / "disk")
    (tmp_path / "disk").mkdir()
    with pytest.raises(DataError, match="mount point"), publish(tmp_path / "disk", overwrite=True, replaceable=is_ours):
        pytest.fail("it began")


def test_links_are_followed_and_kept(tmp_path):
    write(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with publish(tmp_path / "link", overwrite=True, replaceable=is_ours) as work:
        write(work, "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "mark").read_text() == "new"


def test_overlap_is_found_through_links_and_dots(tmp_path):
    source = tmp_path / "a" / "source"
    (source / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "up").symlink_to(tmp_path / "a")
    overlapping = [
        source,
        source / "deep" / "out",
        tmp_path / "a",
        tmp_path,
        tmp_path / "link",
        tmp_path / "link" / "out",
        tmp_path / "up" / "source",
        tmp_path / "a" / "source" / "deep" / ".." / ".." / "source",
    ]
    for output in overlapping:
        with pytest.raises(DataError, match="overlaps"):
            refuse_overlap(output, source)
    refuse_overlap(tmp_path / "a" / "source2", source)
    refuse_overlap(tmp_path / "b" / "out", tmp_path / "link")
