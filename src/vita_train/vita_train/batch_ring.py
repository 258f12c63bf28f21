"""Memory in which batches travel from a loader's processes to training, used again and again.

Torch's loader makes new shared memory for each tensor. Most of the time that takes is not copying: the system clears
every page and maps it twice, for the process that writes and for the one that reads. Here some pieces are mapped once;
a process reads a batch straight into a free one, and training copies it out. They are anonymous maps, which need no
room in /dev/shm (64 MB in a container that nobody told otherwise) and no file descriptors.
"""

from __future__ import annotations

import itertools
import mmap
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

Batch = dict[str, Tensor]

ALIGNMENT = 64
"""Every array in a piece begins at a multiple of so many bytes."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Part:
    """Where one tensor of a batch lies in a piece."""

    key: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    offset: int


class BatchRing:
    """Pieces of memory shared with processes that are forked later. In each, one thread packs one batch at a time."""

    def __init__(self, pieces: int, piece_bytes: int, pin_memory: bool) -> None:
        """Reserve memory; the system gives it when it is first written.

        Args:
            pieces: how many batches may be on their way at a time; more of them travel torch's way.
            piece_bytes: for one batch, each array rounded up (``aligned``); a larger one travels torch's way.
            pin_memory: whether batches come out in page-locked memory, for a CUDA device.
        """
        fork = multiprocessing.get_context("fork")
        self._pieces = [mmap.mmap(-1, piece_bytes) for _ in range(pieces)]
        self._starts = [torch.frombuffer(piece, dtype=torch.uint8).data_ptr() for piece in self._pieces]
        # Semaphores and not locks, because one process takes a piece and another gives it back.
        self._free = [fork.Semaphore(1) for _ in range(pieces)]
        self._piece_bytes = piece_bytes
        self._pin_memory = pin_memory
        self._piece: int | None = None
        self._used = 0
        self.number = next(_numbers)
        _rings[self.number] = self

    def begin(self) -> None:
        """A loader's process: take a free piece for the next batch, if there is one."""
        taken = (number for number, free in enumerate(self._free) if free.acquire(block=False))
        self._piece, self._used = next(taken, None), 0

    def give_up(self) -> None:
        """A loader's process: the batch did not come about."""
        if self._piece is not None:
            self._free[self._piece].release()
            self._piece = None

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A loader's process: an array for the batch, in its piece while there is room, as ``numpy.empty`` else."""
        count, dtype = int(np.prod(shape, dtype=np.int64)), np.dtype(dtype)
        offset = self._reserve(count * dtype.itemsize)
        if self._piece is None or offset is None:
            return np.empty(shape, dtype)
        return np.frombuffer(self._pieces[self._piece], dtype, count, offset).reshape(shape)

    def pack(self, batch: Batch) -> Batch | Ticket:
        """A loader's process: what to hand over. Tensors that are not in the piece yet are copied into it."""
        if self._piece is None:
            return batch
        parts = []
        for key, tensor in batch.items():
            size, offset = tensor.numel() * tensor.element_size(), tensor.data_ptr() - self._starts[self._piece]
            inside = tensor.is_contiguous() and 0 <= offset <= self._piece_bytes - size
            place = offset if inside else self._reserve(size)
            if place is None:
                batch = {name: value.clone() for name, value in batch.items()}
                self.give_up()
                return batch
            parts.append(Part(key, tensor.dtype, tuple(tensor.shape), place))
            if not inside:
                self._view(self._piece, parts[-1]).copy_(tensor)
        ticket, self._piece = Ticket(self.number, self._piece, tuple(parts)), None
        return ticket

    def unpack(self, ticket: Ticket) -> Batch:
        """The training process: copy a batch out of its piece, which is free then."""
        try:
            batch = {}
            for part in ticket.parts:
                batch[part.key] = torch.empty(part.shape, dtype=part.dtype, pin_memory=self._pin_memory)
                batch[part.key].copy_(self._view(ticket.piece, part))
            return batch
        finally:
            self._free[ticket.piece].release()

    def _reserve(self, size: int) -> int | None:
        """Where so many bytes go in the piece; None where they do not fit, or there are none."""
        if not 0 < size <= self._piece_bytes - self._used:
            return None
        offset = self._used
        self._used += aligned(size)
        return offset

    def _view(self, piece: int, part: Part) -> Tensor:
        count = torch.Size(part.shape).numel()
        return torch.frombuffer(self._pieces[piece], dtype=part.dtype, count=count, offset=part.offset).view(part.shape)


_rings: WeakValueDictionary[int, BatchRing] = WeakValueDictionary()
"""The rings of this process, so that a ticket finds its own."""


@dataclass(frozen=True)
class Ticket:
    """Stands for a batch between the processes: whoever unpickles it, which may be done once, gets the batch."""

    ring: int
    piece: int
    parts: tuple[Part, ...]

    def __reduce__(self) -> tuple[Callable[..., Batch], tuple[Any, ...]]:
        return _unpack, (self.ring, self.piece, self.parts)


def aligned(size: int) -> int:
    """So many bytes, rounded up to where the next array may begin."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _unpack(ring: int, piece: int, parts: tuple[Part, ...]) -> Batch:
    return _rings[ring].unpack(Ticket(ring, piece, parts))
