"""What the versions of LeRobot have in common about files: strays, renamed folders, complete lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file


def tables_beside(root: Path, path: Path) -> list[Path]:
    """All tables in the folder of the dataset in which one table lies, sorted."""
    parts = path.relative_to(root).parts
    folder = root / parts[0] if len(parts) > 1 else root
    return tables_in(folder)


def tables_in(folder: Path) -> list[Path]:
    """All tables below a folder, sorted; also those of chunks that are links to folders elsewhere."""
    return sorted({*folder.rglob("*.parquet"), *folder.glob("*/*.parquet")})


def existing_video(root: Path, path: Path, note: Callable[[str], None]) -> Path:
    """Where a video is: at its path, or in video/ where info.json says videos/."""
    relative = path.relative_to(root)
    if relative.parts[:1] == ("videos",) and not is_file(path):
        renamed = root.joinpath("video", *relative.parts[1:])
        if is_file(renamed):
            note("meta/info.json says videos/, but the videos are in video/ and were read there")
            return renamed
    return path


def check_complete(path: Path, listed: Sequence[int], total: int) -> None:
    """Refuse a list of episodes that is not 0, 1, 2, ... up to the total of info.json.

    Args:
        path: of the list, for the message.
        listed: the numbers in it.
        total: how many there must be.

    Raises:
        DataError: names those that are missing, listed more than once, or beyond the total.
    """
    wanted = range(total)
    for wrong, numbers in (
        ("missing", set(wanted) - set(listed)),
        ("listed more than once", {number for number, times in Counter(listed).items() if times > 1}),
        ("beyond them", {number for number in listed if number not in wanted}),
    ):
        if numbers:
            raise DataError(
                f"'{path}' must list the {total} episodes of meta/info.json, numbered from 0, but {wrong} are "
                f"{sorted(numbers)[:5]}; make them agree"
            )
