"""A folder that appears under its name only when it is whole.

Everything is written to a hidden sibling first, flushed to the disk and then renamed. A process that dies leaves
nothing under the final name; the next run removes what it left behind.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vita_dataset.errors import DataError, UsageError
from vita_dataset.whole_file import sync

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EFBIG)
"""What a file system says to its users, not to the programmer."""


@contextmanager
def publish(
    output: Path, *, overwrite: bool, replaceable: Callable[[Path], bool], resumable: bool = False
) -> Iterator[Path]:
    """Yield a path for a new folder, which becomes ``output`` when the block ends without an error.

    Args:
        output: the final name. Symbolic links in it are followed.
        overwrite: an existing ``output`` may be replaced. It stays in place until the new one is whole.
        replaceable: says whether an existing folder is of the kind that may be replaced; anything else is kept.
        resumable: leave what was written where it is when the block ends with an error or the process dies, and let
            the next one find it. Whoever does not want it removes the yielded path's parent.

    Yields:
        A path that does not exist yet, in an empty folder on the same file system; with ``resumable``, both as they
        were left.

    Raises:
        UsageError: ``output`` exists and ``overwrite`` is False.
        DataError: ``output`` exists and is not replaceable, another process is writing it, its parent cannot be
            written, or the disk is full or refuses.
    """
    output = output.resolve()
    with locked(output):
        staging = partial_folder(output)
        replaced = output.with_name(f".{output.name}.replaced")
        _recover(output, replaced)
        _check_existing(output, overwrite, replaceable)
        whole = False
        try:
            if not resumable and staging.exists():
                shutil.rmtree(staging)
            staging.mkdir(exist_ok=resumable)
            work = staging / output.name
            yield work
            _sync_tree(work)
            _swap(work, output, replaced)
            whole = True
        except OSError as error:
            if error.errno in FULL:
                remedy = ", then go on with --resume" if resumable else ""
                raise DataError(
                    f"the disk of '{output.parent}' is full; free some space or choose another disk{remedy}"
                ) from error
            if error.errno in REFUSED:
                raise DataError(
                    f"'{output}' cannot be written: '{error.filename or staging}' says '{error.strerror}'; mend that "
                    "or choose another place"
                ) from error
            raise
        finally:
            if whole or not resumable:
                shutil.rmtree(staging, ignore_errors=True)
            elif staging.is_dir() and not any(staging.iterdir()):
                staging.rmdir()


def partial_folder(output: Path) -> Path:
    """Where an output is written until it is whole."""
    return output.with_name(f".{output.name}.partial")


def refuse_overlap(output: Path, source: Path) -> None:
    """Refuse an output that is its input, lies in it, or contains it, whatever names lead there.

    Raises:
        DataError: the two overlap.
    """
    output, source = output.resolve(), source.resolve()
    if _is_at_or_below(output, source) or _is_at_or_below(source, output):
        raise DataError(
            f"the output '{output}' overlaps the input '{source}', which must stay untouched; "
            "choose an output outside it"
        )


def _is_at_or_below(path: Path, folder: Path) -> bool:
    if path == folder or folder in path.parents:
        return True
    # Bind mounts and case-insensitive file systems give one folder several resolved names.
    existing = (candidate for candidate in (path, *path.parents) if candidate.exists())
    return folder.exists() and any(candidate.samefile(folder) for candidate in existing)


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold the one right to write ``output``; the kernel releases it when the process ends, however it ends.

    Args:
        output: the final name; its folder is made.

    Raises:
        DataError: another process holds it, or the folder cannot be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"the folder '{output.parent}' cannot be made ({error.strerror}); choose another place"
        ) from error
    path = output.with_name(f".{output.name}.lock")
    while True:
        try:
            handle = path.open("a", encoding="utf-8")
        except OSError as error:
            raise DataError(
                f"the folder '{output.parent}' cannot be written ({error.strerror}); choose another place"
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.close()
            raise DataError(
                f"'{output}' is being written by another process; wait for it to end or choose another output"
            ) from error
        except OSError as error:
            handle.close()
            raise DataError(
                f"the file system of '{output.parent}' knows no locks ({error.strerror}); choose another place"
            ) from error
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(handle.fileno())):
                break
        handle.close()  # its last holder removed this file in between: lock the new one
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        handle.close()


def _recover(output: Path, replaced: Path) -> None:
    """Finish what a process left that died between moving the old folder aside and removing it."""
    if not replaced.exists():
        return
    if output.exists():
        shutil.rmtree(replaced)
    else:
        replaced.rename(output)


def _check_existing(output: Path, overwrite: bool, replaceable: Callable[[Path], bool]) -> None:
    if not output.exists():
        return
    if output.is_mount():
        raise DataError(f"'{output}' is a mount point, which cannot be replaced as a whole; choose a folder in it")
    if not overwrite:
        raise UsageError(f"'{output}' exists; add --overwrite to replace it, or choose another name")
    empty = output.is_dir() and not any(output.iterdir())
    if not empty and not (output.is_dir() and replaceable(output)):
        raise DataError(
            f"'{output}' holds something else than what would be written there, so --overwrite keeps it; "
            "move it away or choose another name"
        )


def _swap(work: Path, output: Path, replaced: Path) -> None:
    if output.exists():
        output.rename(replaced)
        try:
            work.rename(output)
        except OSError:
            replaced.rename(output)
            raise
        sync(output.parent)
        shutil.rmtree(replaced, ignore_errors=True)  # what readers keep open on a network disk goes with the next run
    else:
        work.rename(output)
        sync(output.parent)


def _sync_tree(root: Path) -> None:
    for path in root.rglob("*"):
        sync(path)
    sync(root)
