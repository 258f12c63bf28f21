"""A loader whose processes end a run with the sentence that says what went wrong, not with their tracebacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch.utils.data import DataLoader, Dataset

from vita_dataset.errors import DataError

T = TypeVar("T")

DEATH = "DataLoader worker"
"""How torch begins to say that a process of the loader is gone."""


@dataclass(frozen=True)
class Refusal:
    """What a process hands over in the place of a sample that it could not read."""

    sentence: str


class Refusing(Dataset[Any], Generic[T]):
    """A dataset that gives a ``Refusal`` where reading raises ``DataError``.

    Torch would hand an error over as the text of its traceback.
    """

    def __init__(self, dataset: Dataset[T]) -> None:
        self._dataset = dataset

    def __getitem__(self, number: int) -> T | Refusal:
        try:
            return self._dataset[number]
        except DataError as error:
            return Refusal(str(error))


class BatchLoader(DataLoader[T]):
    """Torch's loader over a dataset of whole batches."""

    def __init__(self, dataset: Dataset[T], **settings: Any) -> None:
        """Takes what ``DataLoader`` takes."""
        super().__init__(Refusing(dataset), batch_size=None, **settings)

    def __iter__(self) -> Iterator[T]:  # type: ignore[override]  # torch declares its own iterator
        """The batches.

        Raises:
            DataError: one could not be read, or a process of the loader is gone.
        """
        with deaths_in_words():
            for batch in super().__iter__():
                if isinstance(batch, Refusal):
                    raise DataError(batch.sentence)
                yield batch


@contextmanager
def deaths_in_words() -> Iterator[None]:
    """While inside, the end of a loader's process is said in one sentence.

    Torch raises it from a signal handler: mostly while waiting for a batch, but sometimes anywhere else.

    Raises:
        DataError: with torch's reason.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith(DEATH):
            raise
        reason = str(error).partition("\n")[0].strip().rstrip(".")
        raise DataError(
            f"a process that loads data ended ({reason}); look for a lack of memory or of space in /dev/shm, set "
            "train.num_workers lower, and go on with resume=true"
        ) from error
