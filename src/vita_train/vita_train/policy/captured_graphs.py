"""CUDA graphs: a prediction launches some two hundred small kernels, and a graph launches them all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Compute = Callable[[Mapping[str, Tensor]], Tensor]
Replay = Callable[[], None]
Record = Callable[[Callable[[], Tensor]], tuple[Tensor, Replay]]
"""Runs a computation; returns its result and what computes it again, from the same inputs, into that result."""

WARM_UP_RUNS = 3
"""Runs before the recording, in which the libraries choose their kernels and take their memory."""


@dataclass(frozen=True, eq=False)
class _Recording:
    inputs: dict[str, Tensor]
    result: Tensor
    replay: Replay


class CapturedGraphs:
    """A computation over tensors that is recorded once for each set of shapes and replayed from then on.

    One thread at a time. The computation may not look at values, since a replay repeats what was launched.
    """

    def __init__(self, compute: Compute, record: Record) -> None:
        self._compute = compute
        self._record = record
        self._recordings: dict[tuple[object, ...], _Recording] = {}

    def __call__(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """What the computation gives for these inputs; a tensor of its own, which no later call changes."""
        kind = tuple((name, tensor.shape, tensor.dtype) for name, tensor in sorted(inputs.items()))
        recording = self._recordings.get(kind)
        if recording is None:
            # A graph reads where its inputs lay when it was recorded, so it gets a place of its own for them.
            held = {name: tensor.clone() for name, tensor in inputs.items()}
            recording = self._recordings[kind] = _Recording(held, *self._record(lambda: self._compute(held)))
        for name, place in recording.inputs.items():
            place.copy_(inputs[name])
        recording.replay()
        return recording.result.clone()


def cuda_recorder(device: torch.device) -> Record:
    """Recording by CUDA graphs on a device."""

    def record(run: Callable[[], Tensor]) -> tuple[Tensor, Replay]:
        with torch.cuda.device(device):
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(WARM_UP_RUNS):
                    run()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            # thread_local: what other threads do on the GPU meanwhile is no fault of this recording.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                result = run()
        return result, graph.replay

    return record
