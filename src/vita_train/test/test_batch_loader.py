from __future__ import annotations

import pytest
from torch.utils.data import Dataset

from vita_dataset.errors import DataError
from vita_train.batch_loader import BatchLoader, deaths_in_words


class Numbers(Dataset):
    """Its items are their numbers; ``end`` happens in the place of number 2."""

    def __init__(self, end):
        self._end = end

    def __getitem__(self, number):
        if number == 2:
            self._end()
        return number


def gone():
    raise DataError("the dataset was replaced; start again")


def bug():
    raise KeyError("bug")


@pytest.mark.parametrize("workers", [0, 1])
def test_what_a_process_refuses_is_said_in_its_own_words(workers):
    came = []
    with pytest.raises(DataError) as caught:
        came.extend(BatchLoader(Numbers(gone), sampler=range(4), num_workers=workers))
    assert str(caught.value) == "the dataset was replaced; start again"


def test_what_was_read_before_it_comes_first():
    loader = iter(BatchLoader(Numbers(gone), sampler=range(4), num_workers=1))
    assert [next(loader), next(loader)] == [0, 1]
    with pytest.raises(DataError):
        next(loader)


def test_a_bug_keeps_its_traceback():
    with pytest.raises(KeyError, match="bug"):
        list(BatchLoader(Numbers(bug), sampler=range(4), num_workers=1))
    with pytest.raises(RuntimeError, match="other"), deaths_in_words():
        raise RuntimeError("other")


def test_the_end_of_a_process_is_one_sentence():
    sentence = r"data ended \(DataLoader worker \(pid 7\) is killed by signal: Killed\); .*resume=true"
    with pytest.raises(DataError, match=sentence), deaths_in_words():
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. \nmore")
