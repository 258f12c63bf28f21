"""Asks for predictions in time, and brings their chunks to the scheduler."""

from __future__ import annotations

from vita_policy_node.chunk_scheduler import ChunkScheduler
from vita_policy_node.control_tick import LoopCounts
from vita_policy_node.inference_watch import InferenceWatch
from vita_policy_node.inference_worker import Worker
from vita_policy_node.observation_sync import ObservationSync
from vita_train.policy.observation import ActionChunk


class ChunkSupply:
    """Keeps one prediction in flight at most, from the newest matched set."""

    def __init__(
        self, worker: Worker, scheduler: ChunkScheduler, sync: ObservationSync, oldest_ns: int, timeout_ns: int
    ) -> None:
        """Joins worker and scheduler.

        Args:
            worker: predicts.
            scheduler: says when the next chunk is needed, and takes it.
            sync: has the matched sets.
            oldest_ns: nothing is predicted from an older set.
            timeout_ns: a prediction that takes longer hangs; 0 = never.
        """
        self._worker = worker
        self._scheduler = scheduler
        self._sync = sync
        self._oldest_ns = oldest_ns
        self._watch = InferenceWatch(timeout_ns)
        self._submitted_ns = 0
        self._failure = ""

    def discard(self) -> None:
        """Forget the chunks in use and the one in flight."""
        self._worker.reset()
        self._watch.answered()
        self._scheduler.reset()
        self._submitted_ns = 0
        self._failure = ""

    def advance(self, now_ns: int, elapsed_ns: int, counts: LoopCounts, skip: bool) -> ActionChunk | None:
        """Take the chunk that has arrived, and ask for the next one where it is time.

        Args:
            now_ns: by the clock of the stamps.
            elapsed_ns: on a clock that never jumps.
            counts: where chunks and faults are counted.
            skip: do not ask now.
        """
        chunk = self._collect(now_ns, counts)
        if not skip and self._scheduler.needs_chunk(now_ns) and self._request(now_ns, elapsed_ns):
            chunk = self._collect(now_ns, counts) or chunk
        return chunk

    def hang(self, elapsed_ns: int) -> str:
        """Why the policy must end, empty if it need not; see ``InferenceWatch``."""
        return self._watch.hang(elapsed_ns)

    def why_nothing_is_due(self, counts: LoopCounts) -> str:
        """For people, when the scheduler has no action."""
        if self._failure:
            return self._failure
        if self._sync.newest_set() is None:
            return "no set of messages matches: the streams' stamps are further apart than slop_s"
        if counts.chunks == 0:
            return "waiting for the first chunk"
        return "starved: the next chunk is late"

    def _request(self, now_ns: int, elapsed_ns: int) -> bool:
        """Start a prediction from the newest matched set; False if there is none that is new and fresh."""
        matched = self._sync.newest_set()
        if matched is None or matched.stamp_ns <= self._submitted_ns or now_ns - matched.stamp_ns > self._oldest_ns:
            return False
        self._worker.submit(matched, now_ns)
        self._scheduler.request(now_ns)
        self._watch.asked(elapsed_ns)
        self._submitted_ns = matched.stamp_ns
        return True

    def _collect(self, now_ns: int, counts: LoopCounts) -> ActionChunk | None:
        prediction = self._worker.poll(now_ns)
        if prediction is None:
            return None
        self._watch.answered()
        self._failure = prediction.failure
        counts.faults.update(prediction.faults)
        if prediction.chunk is None:
            self._scheduler.abandon()
            return None
        self._scheduler.add(prediction.chunk, now_ns)
        counts.chunks += 1
        return prediction.chunk
