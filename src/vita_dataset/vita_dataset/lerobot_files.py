"""What the versions of LeRobot have in common about files: strays, renamed folders, complete lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from vita_dataset.errors import DataError


def tables_beside(root: Path, path: Path) -> list[Path]:
    """All tables in the folder of the dataset in which one table lies, sorted."""
    parts = path.relative_to(root).parts
    folder = root / parts[0] if len(parts) > 1 else root
    return sorted(folder.rglob("*.parquet"))


def existing_video(root: Path, path: Path, note: Callable[[str], None]) -> Path:
    """Where a video is: at its path, or in video/ where info.json says videos/."""
    relative = path.relative_to(root)
    if not path.exists() and relative.parts[:1] == ("videos",):
        renamed = root.joinpath("video", *relative.parts[1:])
        if renamed.exists():
            note("meta/info.json says videos/, but the videos are in video/ and were read there")
            return renamed
    return path


def check_complete(path: Path, listed: Sequence[int], total: int) -> None:
    """Refuse a list of episodes that is not 0, 1, 2, ... up to the total of info.json.

    Raises:
        DataError: names what is missing.
    """
    if list(listed) != list(range(total)):
        missing = sorted(set(range(total)) - set(listed))[:5]
        raise DataError(
            f"'{path}' lists {len(listed)} episodes, but meta/info.json says there are {total}"
            + (f" (missing: {missing})" if missing else "")
            + "; make them agree"
        )
