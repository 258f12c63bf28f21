"""Several environments that act at once."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_train.environment_layout import Needs
from vita_train.environments import open_environment
from vita_train.online_settings import EnvironmentSettings
from vita_train.task_environment import Step, TaskEnvironment

log = logging.getLogger(__name__)

Calls = Mapping[int, int | NDArray[np.float32]]
"""What to do, by the environment's number: a seed begins an episode, an action float32 [A] is a step."""


class EnvironmentGroup(ABC):
    """Environments by number, from 0 up; a context that closes them."""

    @abstractmethod
    def do(self, calls: Calls) -> dict[int, Step]:
        """Do one thing in each of some environments.

        Raises:
            DataError: an environment fails; the group can only be closed then.
        """

    @abstractmethod
    def close(self) -> None:
        """Free everything."""

    def __enter__(self) -> EnvironmentGroup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class LocalGroup(EnvironmentGroup):
    """Environments in this process, which act one after the other."""

    def __init__(self, settings: EnvironmentSettings, needs: Needs, numbers: Iterable[int]) -> None:
        """Opens one environment for each number.

        Raises:
            UsageError: see ``open_environment``.
            DataError: see there.
        """
        self._opened: dict[int, TaskEnvironment] = {}
        try:
            for number in numbers:
                self._opened[number] = open_environment(settings, needs)
        except BaseException:
            self.close()
            raise

    def do(self, calls: Calls) -> dict[int, Step]:
        """See ``EnvironmentGroup``."""
        return {
            number: self._opened[number].reset(call) if isinstance(call, int) else self._opened[number].step(call)
            for number, call in calls.items()
        }

    def close(self) -> None:
        """See ``EnvironmentGroup``; an environment that does not close is no reason to stop anything."""
        while self._opened:
            _, opened = self._opened.popitem()
            try:
                opened.close()
            except DataError as error:
                log.warning("%s", error)
