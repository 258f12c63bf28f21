"""The one thread that owns the model, and how the control loop talks to it without waiting."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from vita_dataset.errors import VitaError
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.plausibility import ImplausibleError
from vita_train.policy.observation import ActionChunk

Predict = Callable[[MatchedSet], ActionChunk]

PATIENCE_S = 8.0
"""So long the end of a worker waits for the prediction that it is in; a model that hangs may never end."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A finished prediction: a chunk, or why the observation could not be used, and the faults found in it."""

    chunk: ActionChunk | None
    failure: str = ""
    faults: tuple[str, ...] = ()

    @classmethod
    def failed(cls, error: VitaError) -> Prediction:
        """There is no chunk, because of ``error``."""
        return cls(None, str(error), error.finding.faults if isinstance(error, ImplausibleError) else ())


class Worker(Protocol):
    """Where the control loop sends observations: a thread on the robot, a simulated delay in the offline replay."""

    def submit(self, matched: MatchedSet, now_ns: int) -> None:
        """Start a prediction. The caller asks for one at a time."""
        ...

    def poll(self, now_ns: int) -> Prediction | None:
        """The prediction if it is ready, once; never waits. A bug in the prediction is raised here."""
        ...

    def reset(self) -> None:
        """Discard the prediction in flight: its result will never be seen."""
        ...


class InferenceWorker:
    """Runs predictions one after the other in one thread. No lock is held while the model runs.

    The caller submits the newest matched set when it needs a chunk, so sets never queue up. A discarded prediction
    cannot be interrupted; the next one runs after it.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._future: Future[ActionChunk] | None = None
        self._started: set[Future[ActionChunk]] = set()

    def submit(self, matched: MatchedSet, now_ns: int) -> None:  # noqa: ARG002
        """See ``Worker``. ``now_ns`` matters to simulated workers only."""
        self.reset()
        self._started = {future for future in self._started if not future.done()}
        self._future = self._thread.submit(self._predict, matched)
        self._started.add(self._future)

    def poll(self, now_ns: int) -> Prediction | None:  # noqa: ARG002
        """See ``Worker``. A mistake in the data becomes a failure, any other exception is raised, both once."""
        if self._future is None or not self._future.done():
            return None
        future, self._future = self._future, None
        try:
            return Prediction(future.result())
        except VitaError as error:
            return Prediction.failed(error)

    def reset(self) -> None:
        """See ``Worker``."""
        if self._future is not None:
            self._future.cancel()
            self._future = None

    def close(self, patience_s: float = PATIENCE_S) -> bool:
        """Discard everything and end the thread after the prediction that it is in; False if that does not end."""
        self.reset()
        self._thread.shutdown(wait=False, cancel_futures=True)
        # Cancelled ones never began: nobody would ever call them done.
        return not wait([future for future in self._started if not future.done()], patience_s).not_done
