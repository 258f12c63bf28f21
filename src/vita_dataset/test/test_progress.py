import io

import pytest

from vita_dataset.progress import ProgressLine, clock_time


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_gets_a_line_every_few_seconds_and_the_last():
    now, stream = [0.0], io.StringIO()
    progress = ProgressLine(stream, "images", clock=lambda: now[0])
    for done in range(1, 101):
        now[0] += 0.11
        progress(done, 100)
    assert stream.getvalue().splitlines() == [
        " 46%  46/100 images  9 images/s  0:06 left",
        " 92%  92/100 images  9 images/s  0:01 left",
        "100%  100/100 images  9 images/s  0:11",
    ]


def test_what_was_done_before_does_not_count_as_fast():
    now, stream = [0.0], io.StringIO()
    progress = ProgressLine(stream, "images", clock=lambda: now[0])
    progress(900, 1000)
    for done in range(901, 1001):
        now[0] += 0.11
        progress(done, 1000)
    assert stream.getvalue().splitlines() == [
        " 95%  946/1000 images  9 images/s  0:06 left",
        " 99%  992/1000 images  9 images/s  0:01 left",
        "100%  1000/1000 images  9 images/s  0:11",
    ]


def test_a_terminal_gets_one_line_that_renews():
    now, stream = [0.0], Terminal()
    progress = ProgressLine(stream, "steps", clock=lambda: now[0])
    for done in range(11):
        now[0] += 0.2
        progress(done, 10)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().count("\r") == 11
    assert "[" + "#" * 15 + " " * 15 + "]" in stream.getvalue()


def test_nothing_to_do_is_done():
    stream = io.StringIO()
    ProgressLine(stream, "steps", clock=lambda: 0.0)(0, 0)
    assert stream.getvalue() == "100%  0/0 steps  0 steps/s  0:00\n"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (75, "1:15"), (3700, "1:01:40")])
def test_clock_time(seconds, text):
    assert clock_time(seconds) == text
