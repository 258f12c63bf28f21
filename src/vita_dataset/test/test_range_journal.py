"""What a worker writes down is what the conversion reads, and nothing damaged is believed."""

from contextlib import ExitStack

import numpy as np
import pytest

from vita_dataset import range_journal
from vita_dataset.errors import DataError
from vita_dataset.image_stats import ImageSums
from vita_dataset.picture_watch import Watched
from vita_dataset.range_journal import CameraRecord, Journal, RangeRecord, UnfinishedError

ROWS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
RECORD = RangeRecord(
    7,
    {
        "observation.images.front/é": CameraRecord(
            ImageSums(
                30,
                30 * 1024,
                np.array([0.1, 1 / 3, 200.0]),
                np.array([1e-9, 1e9, 0.0]),
                np.array([0, 1, 2], np.uint8),
                np.array([253, 254, 255], np.uint8),
                np.arange(768, dtype=np.int64).reshape(3, 256) << 40,
            ),
            (Watched(0, 9, ((1, 2),), ((0, 0), (3, 9)), ROWS, ROWS[::-1]), Watched(0, 19, (), ((0, 19),), ROWS, ROWS)),
        )
    },
    ("a note", "another"),
)


def plain(record):
    return (
        record.number,
        record.notes,
        {
            key: (
                [np.asarray(value).tolist() for value in vars(camera.sums).values()],
                [(w.first, w.last, w.black, w.still, w.head.tolist(), w.tail.tolist()) for w in camera.watched],
            )
            for key, camera in record.cameras.items()
        },
    )


def test_a_record_comes_back(tmp_path):
    journal = Journal(tmp_path / "journal")
    journal.begin({"spec": {"repo_id": "a/b"}})
    assert journal.finished() == set()
    journal.write(RECORD)
    assert journal.finished() == {7}
    assert plain(journal.read(7)) == plain(RECORD)
    assert sorted(path.name for path in journal.folder.iterdir()) == ["000007.npz", "plan.json"]


def test_a_plan_is_known_again(tmp_path):
    journal = Journal(tmp_path / "journal")
    assert journal.plan() is None
    plan = {"lengths": (3, 4), "resize": None}
    assert not journal.is_of(plan)
    journal.begin(plan)
    assert journal.is_of({"lengths": [3, 4], "resize": None})
    assert not journal.is_of({"lengths": [3, 5], "resize": None})
    (journal.folder / "plan.json").write_text("[")
    assert not journal.is_of(plan)


def flipped(place):
    """One bit that is another: numpy's and Python's parsers raise all sorts of errors over such files."""
    return lambda content: content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGES = [lambda content: content[:200], lambda _: b"", lambda _: b"junk" * 99, *map(flipped, range(-2000, 0, 97))]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_refused(tmp_path, damage):
    journal = Journal(tmp_path / "journal")
    journal.begin({})
    journal.write(RECORD)
    path = journal.folder / "000007.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="remove it and run the conversion again with --resume"):
        journal.read(7)
    with pytest.raises(DataError, match="cannot be read"):
        journal.read(8)


def test_workers_are_waited_for(tmp_path, monkeypatch):
    journal, spec = Journal(tmp_path / "journal"), {"repo_id": "a/b", "resize": (3, 4)}
    with journal.alone():  # nothing was begun
        pass
    journal.begin({"spec": spec})
    working = ExitStack()
    working.enter_context(journal.working(spec))
    working.enter_context(journal.working(spec))
    waited = []

    def end(seconds):
        waited.append(seconds)
        working.close()

    monkeypatch.setattr(range_journal.time, "sleep", end)
    with journal.alone():
        assert len(waited) == 1
    monkeypatch.setattr(range_journal, "PATIENCE_S", -1.0)
    with (
        journal.working(spec),
        pytest.raises(UnfinishedError, match="workers of an earlier conversion still write"),
        journal.alone(),
    ):
        pytest.fail("it was not alone")


def test_work_for_what_is_gone_is_refused(tmp_path):
    journal = Journal(tmp_path / "journal")
    with pytest.raises(UnfinishedError, match="all workers share"), journal.working({}):
        pytest.fail("it began")
    journal.begin({"spec": {"repo_id": "a/b"}})
    with pytest.raises(UnfinishedError, match="another conversion"), journal.working({"repo_id": "a/c"}):
        pytest.fail("it began")
