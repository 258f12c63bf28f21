"""On how many processors a run trains, checked and typed."""

from __future__ import annotations

from dataclasses import dataclass

from vita_train.values import Values

STRATEGIES = ("auto", "ddp")


@dataclass(frozen=True)
class DistributionSettings:
    """One process for each processor; each holds the whole network and computes its part of each step's batch.

    Attributes:
        devices: how many on each machine, or which GPUs; None = one.
        num_nodes: machines.
        strategy: "auto" = "ddp" for several processes, plain otherwise. "ddp" averages the gradients of all processes.
    """

    devices: int | tuple[int, ...] | None = None
    num_nodes: int = 1
    strategy: str = "auto"

    @property
    def processes(self) -> int:
        """How many there are on all machines."""
        here = len(self.devices) if isinstance(self.devices, tuple) else self.devices or 1
        return here * self.num_nodes


def read_distribution(values: Values) -> DistributionSettings:
    """The settings below ``train`` that say where to train."""
    return DistributionSettings(
        devices=_devices(values),
        num_nodes=values.integer("train.num_nodes", 1),
        strategy=values.choice("train.strategy", STRATEGIES),
    )


def _devices(values: Values) -> int | tuple[int, ...] | None:
    key = "train.devices"
    if not isinstance(values.raw(key), list):
        return values.optional_integer(key, 1)
    numbers = values.optional_integers(key)
    if numbers and (min(numbers) < 0 or len(set(numbers)) != len(numbers)):
        values.note(f"{key} must name different GPUs from 0 up, but is {list(numbers)!r}")
    return numbers
