"""Environments spread over processes, so that those of a slow simulator act at the same time."""

from __future__ import annotations

import multiprocessing
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from vita_dataset.errors import DataError, VitaError
from vita_train.environment_group import Calls, EnvironmentGroup, LocalGroup
from vita_train.environment_layout import Needs
from vita_train.online_settings import EnvironmentSettings
from vita_train.task_environment import Step

PATIENCE_S = 10.0
"""How long a process may take to close its environments before it is ended."""


class SpreadGroup(EnvironmentGroup):
    """Environments in processes of their own, started anew: a fork would share torch's threads and locks."""

    def __init__(self, settings: EnvironmentSettings, needs: Needs, count: int, processes: int) -> None:
        """Opens ``count`` environments in ``processes`` processes.

        Raises:
            UsageError: see ``open_environment``.
            DataError: see there, or a process died.
        """
        self._name = settings.name
        self._workers: list[tuple[Any, Connection]] = []
        context = multiprocessing.get_context("spawn")
        try:
            for worker in range(processes):
                ours, theirs = context.Pipe()
                numbers = range(worker, count, processes)
                # A daemon ends with this process; one whose parent was killed ends at the closed pipe.
                process = context.Process(target=_serve, args=(theirs, settings, needs, numbers), daemon=True)
                process.start()
                theirs.close()
                self._workers.append((process, ours))
            for _, pipe in self._workers:
                self._answer(pipe)
        except BaseException:
            self.close()
            raise

    def do(self, calls: Calls) -> dict[int, Step]:
        """See ``EnvironmentGroup``."""
        asked = []
        for worker, (_, pipe) in enumerate(self._workers):
            own = {number: call for number, call in calls.items() if number % len(self._workers) == worker}
            if own:
                self._ask(pipe, own)
                asked.append(pipe)
        steps: dict[int, Step] = {}
        for pipe in asked:
            steps |= self._answer(pipe)
        return {number: steps[number] for number in calls}

    def close(self) -> None:
        """See ``EnvironmentGroup``."""
        for _, pipe in self._workers:
            pipe.close()
        while self._workers:
            process, _ = self._workers.pop()
            process.join(PATIENCE_S)
            if process.is_alive():
                process.kill()
                process.join()

    def _ask(self, pipe: Connection, calls: Calls) -> None:
        try:
            pipe.send(calls)
        except OSError as error:
            raise self._died() from error

    def _answer(self, pipe: Connection) -> dict[int, Step]:
        try:
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if isinstance(answer, VitaError):
            raise answer
        assert isinstance(answer, dict)
        return answer

    def _died(self) -> DataError:
        return DataError(
            f"a process that runs the environment '{self._name}' died; look for its last words above, or set "
            "val.eval_n_processes=0 to run it in the training's own"
        )


def _serve(pipe: Connection, settings: EnvironmentSettings, needs: Needs, numbers: range) -> None:
    """The life of a process: opens its environments, then does what it is asked until the pipe closes."""
    # Ctrl-C reaches every process of the terminal; when these end is for their parent to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):  # the parent has closed the pipe, or is gone
        try:
            with LocalGroup(settings, needs, numbers) as group:
                pipe.send({})
                while True:
                    pipe.send(group.do(pipe.recv()))
        except VitaError as error:
            pipe.send(error)


def open_group(settings: EnvironmentSettings, needs: Needs, count: int, processes: int) -> EnvironmentGroup:
    """Open ``count`` environments.

    Args:
        settings: which environment.
        needs: of the policy.
        count: 1 or more.
        processes: over which they are spread; 0 = they act in this one.

    Raises:
        UsageError: see ``open_environment``.
        DataError: see there.
    """
    if not processes:
        return LocalGroup(settings, needs, range(count))
    return SpreadGroup(settings, needs, count, min(processes, count))
