"""What a check of measurements finds: data that decodes well, but cannot be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError


@dataclass(frozen=True)
class Finding:
    """Why nothing may be sent.

    Attributes:
        reason: for people; the same text for as long as the cause stays the same.
        faults: one text for each thing found in this check, "blank: camera 'front'"; each is counted.
    """

    reason: str
    faults: tuple[str, ...]


class ImplausibleError(DataError):
    """An observation that must not reach the policy."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def named(names: Sequence[str], mask: NDArray[np.bool_]) -> tuple[str, ...]:
    """The names where ``mask`` [n] is set."""
    return tuple(name for name, marked in zip(names, mask, strict=True) if marked)
