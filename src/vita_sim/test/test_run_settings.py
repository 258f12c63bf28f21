from __future__ import annotations

from pathlib import Path

import pytest

from vita_dataset.errors import DataError
from vita_sim.episode import FIRST_SEED
from vita_sim.run_settings import read_run_settings


def test_defaults_film_everything_and_start_where_no_demonstration_did():
    settings = read_run_settings({})
    assert (settings.seed, settings.videos, settings.out) == (FIRST_SEED, None, Path("evaluation_lift_node"))


@pytest.mark.parametrize(("given", "videos"), [("all", None), ("3", 3), (0, 0)])
def test_the_number_of_films_may_be_written_either_way(given, videos):
    assert read_run_settings({"videos": given}).videos == videos


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"videos": "some"}, "'videos' must be a number from 0 or all"),
        ({"videos": -1}, "but is -1"),
        ({"episodes": 0, "min_success": 2.0}, "'episodes' must be between 1"),
        ({"episodes": 0, "min_success": 2.0}, "'min_success' must be between 0 and 1"),
    ],
)
def test_wrong_values_are_refused(parameters, words):
    with pytest.raises(DataError) as error:
        read_run_settings(parameters)
    assert words in str(error.value)
