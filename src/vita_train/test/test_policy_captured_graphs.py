from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from vita_train.policy.captured_graphs import CapturedGraphs, Replay, cuda_recorder


class Recorder:
    """Does on the CPU what a CUDA graph does: computes again from where the inputs lay, into where the result lies."""

    def __init__(self) -> None:
        self.recorded = 0
        self.replayed = 0

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Tensor, Replay]:
        self.recorded += 1
        result = torch.full_like(run(), torch.nan)  # a graph computes nothing while it is recorded

        def replay() -> None:
            self.replayed += 1
            result.copy_(run())

        return result, replay


def difference(inputs: Mapping[str, Tensor]) -> Tensor:
    return inputs["a"] - inputs["b"]


def test_one_recording_for_each_shape_and_the_newest_inputs_each_time() -> None:
    recorder = Recorder()
    graphs = CapturedGraphs(difference, recorder)
    generator = torch.Generator().manual_seed(0)
    for size in (3, 5, 3, 3, 5):
        inputs = {name: torch.randn(size, generator=generator) for name in ("a", "b")}
        assert torch.equal(graphs(inputs), difference(inputs))
    assert (recorder.recorded, recorder.replayed) == (2, 5)
    graphs({"b": torch.ones(3, dtype=torch.float64), "a": torch.ones(3, dtype=torch.float64)})
    assert recorder.recorded == 3


def test_results_and_inputs_belong_to_the_caller() -> None:
    graphs = CapturedGraphs(difference, Recorder())
    a, b = torch.ones(2), torch.zeros(2)
    first = graphs({"a": a, "b": b})
    a.fill_(5.0)
    second = graphs({"b": b, "a": a})
    assert first.tolist() == [1.0, 1.0]
    assert second.tolist() == [5.0, 5.0]
    assert (a.tolist(), b.tolist()) == ([5.0, 5.0], [0.0, 0.0])


def test_a_failed_recording_is_not_kept() -> None:
    def fail(run: Callable[[], Tensor]) -> tuple[Tensor, Replay]:
        raise RuntimeError("out of memory")

    graphs = CapturedGraphs(difference, fail)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of memory"):
            graphs({"a": torch.ones(1), "b": torch.ones(1)})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_cuda_graph_computes_from_the_newest_inputs() -> None:
    device = torch.device("cuda")
    graphs = CapturedGraphs(difference, cuda_recorder(device))
    for value in (1.0, 4.0):
        inputs = {"a": torch.full((3,), value, device=device), "b": torch.ones(3, device=device)}
        assert torch.equal(graphs(inputs), difference(inputs))
