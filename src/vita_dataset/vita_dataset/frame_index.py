"""Which frames a video holds and where decoding may begin, told from its packets without decoding them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class PacketTimes(NamedTuple):
    """One packet, in units of the stream's time base.

    Attributes:
        shown: when its frame is shown; None: it has none of its own.
        decoded: when it is decoded, which orders the file.
        is_key: decoding may begin here.
    """

    shown: int | None
    decoded: int
    is_key: bool


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """The frames of a video in the order in which they are shown; frame n is the n-th of them.

    Attributes:
        shown: int64 [n], when each is shown, ascending.
        entries: int64 [k], the frames from which on a decoder that begins there gives every frame, ascending; the
            first is always 0: the file's start.
        decoded: int64 [k], when each of these is decoded: where to seek to.
    """

    shown: NDArray[np.int64]
    entries: NDArray[np.int64]
    decoded: NDArray[np.int64]

    @classmethod
    def of(cls, packets: Iterable[PacketTimes]) -> FrameIndex:
        """The index of a file with these packets, given in the order of the file."""
        listed = list(packets)
        shown = np.sort(np.array([packet.shown for packet in listed if packet.shown is not None], dtype=np.int64))
        keys = {packet.shown: packet.decoded for packet in listed if packet.is_key and packet.shown is not None}
        # Frames that share a time cannot be told apart after a seek, and what is shown first may need an earlier key.
        places = {int(np.searchsorted(shown, time)): decoded for time, decoded in keys.items()}
        entries = {
            number: decoded
            for number, decoded in places.items()
            if number + 1 == len(shown) or shown[number] != shown[number + 1]
        }
        if listed:
            entries[0] = listed[0].decoded
        numbers = sorted(entries)
        return cls(
            shown,
            np.array(numbers, dtype=np.int64),
            np.array([entries[number] for number in numbers], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.shown)

    def entry_before(self, frame: int) -> int:
        """The place in ``entries`` from which on a frame is reached soonest."""
        return int(np.searchsorted(self.entries, frame, side="right")) - 1
