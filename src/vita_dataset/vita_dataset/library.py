"""The folder of converted datasets: where it is, what its datasets are called, and what is in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vita_dataset.errors import DataError, UsageError
from vita_dataset.origin import folder_bytes
from vita_dataset.range_journal import JOURNAL, Journal
from vita_dataset.zarr_store import ConvertedDataset, is_converted, open_dataset

DATASETS_VARIABLE = "FLARE_DATASETS_DIR"


@dataclass(frozen=True)
class Entry:
    """One dataset of the folder.

    Attributes:
        repo_id: its name.
        size_bytes: of all its files.
        dataset: the dataset; None where it cannot be opened.
        trouble: why not.
    """

    repo_id: str
    size_bytes: int
    dataset: ConvertedDataset | None
    trouble: str = ""


def datasets_dir() -> str:
    """The folder of converted datasets, from the environment.

    Raises:
        UsageError: the variable is not set.
    """
    value = os.environ.get(DATASETS_VARIABLE, "").strip()
    if not value:
        raise UsageError(
            f"the environment variable {DATASETS_VARIABLE} is not set; set it to the folder where converted datasets "
            f"shall live, for example: export {DATASETS_VARIABLE}=~/vita_datasets (or give --root)"
        )
    return value


def check_repo_id(repo_id: str) -> str:
    """Refuse what is no plain "robot/task".

    Raises:
        UsageError: not two names of letters, digits, '.', '_' and '-'.
    """
    parts = repo_id.split("/")
    if len(parts) != 2 or not all(re.fullmatch(r"[\w-][\w.-]*", part) for part in parts):
        raise UsageError(
            f"the dataset's name must be two plain names 'robot/task', but is '{repo_id}'; give one with --repo-id A/B"
        )
    return repo_id


def entries(root: Path) -> Iterator[Entry]:
    """Everything called "A/B" in the folder that is or says it is a converted dataset, by name.

    Raises:
        DataError: the folder does not exist.
    """
    if not root.is_dir():
        raise DataError(f"the folder of datasets '{root}' does not exist; convert a recording or correct the path")
    for path in sorted(root.glob("[!.]*/[!.]*")):
        repo_id, size_bytes = "/".join(path.parts[-2:]), 0
        try:
            if not is_converted(path):
                continue
            size_bytes = folder_bytes(path)
            yield Entry(repo_id, size_bytes, open_dataset(path))
        except (DataError, OSError) as error:  # an OSError: it was replaced while its files were counted
            yield Entry(repo_id, size_bytes, None, str(error))


def interrupted(root: Path) -> Iterator[str]:
    """The names of datasets in the folder whose conversion can be resumed."""
    for path in sorted(root.glob("[!.]*/.*.partial")):
        if Journal(path / JOURNAL).finished():
            yield f"{path.parent.name}/{path.name[1:].removesuffix('.partial')}"
