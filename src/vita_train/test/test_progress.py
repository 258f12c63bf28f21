from __future__ import annotations

from vita_train.progress import Stopwatch


def test_a_lap_splits_time_into_waiting_and_working():
    watch = Stopwatch(10.0)
    for begin in (10.0, 12.0):
        watch.batch_came(begin + 0.5)
        watch.step_done()
        watch.wait_begins(begin + 2.0)
    pace = watch.lap(14.0)
    assert pace.steps_per_s == 0.5
    assert pace.wait_share == 0.25
    watch.batch_came(15.0)
    watch.step_done()
    assert watch.lap(16.0).wait_share == 0.5
    assert watch.lap(16.0).steps_per_s == 0.0
