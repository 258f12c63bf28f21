"""Which processes train together, and which of them this one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vita_dataset.errors import UsageError
from vita_train.device import read_devices
from vita_train.distribution_settings import DistributionSettings

LOCAL_RANK = "LOCAL_RANK"
"""Environment variable with the number of a process on its machine: set by whoever starts several (torchrun)."""
WORLD_SIZE = "WORLD_SIZE"
"""Environment variable with the number of all processes."""
NODE_RANKS = ("NODE_RANK", "GROUP_RANK")
"""Environment variables with the number of the machine; torchrun sets the second."""
MAIN_ADDRESS = ("MASTER_ADDR", "MASTER_PORT")
"""Environment variables that tell every machine where the first one is."""


@dataclass(frozen=True)
class Processes:
    """The processes of one run.

    Attributes:
        devices: of this machine, one for each process: "cpu" or "cuda:<n>".
        nodes: machines, each with as many processes.
        node_rank: which machine this is, from 0.
        local_rank: which process of this machine this is, from 0.
        together: whether they exchange gradients, also if there is only one.
    """

    devices: tuple[str, ...]
    nodes: int = 1
    node_rank: int = 0
    local_rank: int = 0
    together: bool = False

    @property
    def count(self) -> int:
        """How many there are on all machines."""
        return len(self.devices) * self.nodes

    @property
    def rank(self) -> int:
        """Which of all this one is, from 0."""
        return self.node_rank * len(self.devices) + self.local_rank

    @property
    def is_chief(self) -> bool:
        """Whether this is the one process that writes, validates and reports."""
        return self.rank == 0

    @property
    def device(self) -> str:
        """The processor of this process."""
        return self.devices[self.local_rank]


def read_processes(
    device: str, settings: DistributionSettings, available: int, environment: Mapping[str, str]
) -> Processes:
    """Who trains, from the settings and the environment.

    Args:
        device: the setting of that name.
        settings: how many there shall be.
        available: CUDA devices on this machine.
        environment: variables of this process.

    Raises:
        UsageError: devices that are not here, or settings that do not fit what the environment says.
    """
    devices = read_devices(device, settings.devices, available)
    count = len(devices) * settings.num_nodes
    started = _number(environment, WORLD_SIZE)
    # Without the former the latter is a leftover.
    if LOCAL_RANK in environment and WORLD_SIZE in environment and started != count:
        raise UsageError(
            f"{started} processes were started, but train.devices and train.num_nodes ask for {count}; "
            "set them to the processes of one machine and the number of machines"
        )
    if count == 1:
        return Processes(devices, together=settings.strategy == "ddp")
    if settings.num_nodes > 1:
        missing = [name for name in MAIN_ADDRESS if name not in environment]
        missing += [] if any(name in environment for name in NODE_RANKS) else [NODE_RANKS[0]]
        if missing:
            raise UsageError(
                f"train.num_nodes={settings.num_nodes} needs {', '.join(missing)} in the environment of each machine: "
                "address and a free port of the first, and the machine's number from 0; or start with torchrun"
            )
    node = next((_number(environment, name) for name in NODE_RANKS if name in environment), 0)
    local = _number(environment, LOCAL_RANK) if LOCAL_RANK in environment else 0
    if settings.num_nodes == 1:
        node = 0
    if node >= settings.num_nodes or local >= len(devices):
        raise UsageError(
            f"this is process {local} of machine {node}, but there are only {len(devices)} on {settings.num_nodes}, "
            "counted from 0; correct train.devices, train.num_nodes or the environment"
        )
    return Processes(devices, settings.num_nodes, node, local, together=True)


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "0")
    if not text.isdecimal():
        raise UsageError(f"the environment variable {name} must be a whole number, but is '{text}'; correct it")
    return int(text)
