"""Inference time without a clock: for whoever ticks the control loop with times of its own."""

from __future__ import annotations

from vita_dataset.errors import VitaError
from vita_policy_node.inference_worker import Predict, Prediction
from vita_policy_node.observation_sync import MatchedSet


class SimulatedWorker:
    """Predicts at once and hands the result out ``latency_ns`` later; 0 = at the same tick."""

    def __init__(self, predict: Predict, latency_ns: int) -> None:
        self._predict = predict
        self._latency_ns = latency_ns
        self._waiting: tuple[int, Prediction] | None = None

    def submit(self, matched: MatchedSet, now_ns: int) -> None:
        """See ``inference_worker.Worker``."""
        try:
            prediction = Prediction(self._predict(matched))
        except VitaError as error:
            prediction = Prediction.failed(error)
        self._waiting = (now_ns + self._latency_ns, prediction)

    def poll(self, now_ns: int) -> Prediction | None:
        """See ``inference_worker.Worker``."""
        if self._waiting is None or now_ns < self._waiting[0]:
            return None
        prediction = self._waiting[1]
        self._waiting = None
        return prediction

    def reset(self) -> None:
        """See ``inference_worker.Worker``."""
        self._waiting = None
