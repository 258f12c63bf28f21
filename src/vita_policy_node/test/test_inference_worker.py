from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from policy_node_fakes import PERIOD_NS, START_NS, oracle

from vita_dataset.errors import DataError
from vita_policy_node.inference_worker import InferenceWorker, Prediction
from vita_policy_node.observation_sync import MatchedSet
from vita_train.policy.observation import ActionChunk, Observation


def chunk_of(matched: MatchedSet) -> ActionChunk:
    return oracle([Observation(matched.stamp_ns, {}, None)])


def matched(step: int) -> MatchedSet:
    return MatchedSet(START_NS + step * PERIOD_NS, ())


def wait(worker: InferenceWorker) -> Prediction:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        prediction = worker.poll(0)
        if prediction is not None:
            return prediction
        time.sleep(0.001)
    raise AssertionError("no prediction within 10 s")


@pytest.fixture
def make():
    workers = []

    def build(predict: Callable[[MatchedSet], ActionChunk]) -> InferenceWorker:
        workers.append(InferenceWorker(predict))
        return workers[-1]

    yield build
    for worker in workers:
        worker.close()


def test_a_prediction_runs_in_one_other_thread_and_is_handed_out_once(make):
    threads = []

    def predict(matched_set: MatchedSet) -> ActionChunk:
        threads.append(threading.get_ident())
        return chunk_of(matched_set)

    worker = make(predict)
    assert worker.poll(0) is None
    for step in range(3):
        worker.submit(matched(step), 0)
        prediction = wait(worker)
        assert prediction.chunk is not None
        assert prediction.chunk.stamp_ns == matched(step).stamp_ns
        assert worker.poll(0) is None
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


def test_a_reset_discards_the_chunk_in_flight(make):
    running, release = threading.Event(), threading.Event()

    def predict(matched_set: MatchedSet) -> ActionChunk:
        running.set()
        assert release.wait(10)
        return chunk_of(matched_set)

    worker = make(predict)
    worker.submit(matched(0), 0)
    assert running.wait(10)
    worker.reset()
    worker.submit(matched(5), 0)
    release.set()
    prediction = wait(worker)
    assert prediction.chunk is not None
    assert prediction.chunk.stamp_ns == matched(5).stamp_ns


def test_the_newest_of_two_waiting_sets_wins(make):
    running, release = threading.Event(), threading.Event()
    seen = []

    def predict(matched_set: MatchedSet) -> ActionChunk:
        seen.append(matched_set.stamp_ns)
        running.set()
        assert release.wait(10)
        return chunk_of(matched_set)

    worker = make(predict)
    worker.submit(matched(0), 0)
    assert running.wait(10)
    worker.submit(matched(1), 0)
    worker.submit(matched(2), 0)
    release.set()
    assert wait(worker).chunk is not None
    assert seen == [matched(0).stamp_ns, matched(2).stamp_ns]


def test_bad_data_is_a_failure_and_a_bug_is_raised_once(make):
    def predict(matched_set: MatchedSet) -> ActionChunk:
        if matched_set.stamp_ns == START_NS:
            raise DataError("the image is broken")
        raise RuntimeError("out of memory")

    worker = make(predict)
    worker.submit(matched(0), 0)
    failed = wait(worker)
    assert (failed.chunk, failed.failure) == (None, "the image is broken")
    worker.submit(matched(1), 0)
    with pytest.raises(RuntimeError, match="out of memory"):
        wait(worker)
    assert worker.poll(0) is None


def test_a_model_that_hangs_does_not_keep_whoever_closes_the_worker(make):
    begun, go_on = threading.Event(), threading.Event()

    def hang(matched_set: MatchedSet) -> ActionChunk:
        begun.set()
        go_on.wait(60)
        return chunk_of(matched_set)

    worker = make(hang)
    worker.submit(matched(0), 0)
    assert begun.wait(60)
    worker.reset()
    assert not worker.close(patience_s=0.01)
    go_on.set()
    assert worker.close(patience_s=60)
