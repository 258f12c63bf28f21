"""A converted dataset as something to convert again, for example smaller, in part, or as JPEG."""

from __future__ import annotations

from collections.abc import Sequence

from vita_dataset.content_hash import hash_files
from vita_dataset.zarr_store import ConvertedDataset


class ConvertedSource(ConvertedDataset):
    """A converted dataset, read like a recording.

    Attributes:
        left_out: nothing; a converted dataset holds only what is read.
    """

    left_out: tuple[str, ...] = ()

    def source_episode(self, index: int) -> int:
        """The number of the episode itself: where it came from, meta/report.json tells."""
        return index

    def fingerprint(self, episodes: Sequence[int] | None = None) -> str:  # noqa: ARG002 - they share all files
        """A hash of what was converted: config.json and the files of all arrays.

        Raises:
            DataError: a file cannot be read, or it is at a URL.
        """
        files = sorted(path for part in ("data", "meta") for path in (self.path / part).rglob("*") if path.is_file())
        return hash_files([self.path / "config.json", *files], "convert the dataset again")
