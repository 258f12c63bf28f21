"""The comparison from demonstrations to its table, with two variants and toy sizes."""

import json
from dataclasses import replace

import pytest
import torch

from benchmarks.comparison.demonstrations import training_set
from benchmarks.comparison.plan import QUICK, claim
from benchmarks.comparison.report import FIGURE_FILE, JSON_FILE, TABLE_FILE, write_report
from benchmarks.comparison.trial import RESULT, WEIGHTS, finished, run_trial, trial_folder
from benchmarks.comparison.variants import find_variant
from vita_dataset.errors import UsageError

PLAN = replace(QUICK, train_episodes=1, held_out_episodes=1, steps=2, time_limit_s=0.5, rounds=2)
CHOSEN = ("conditional", "noise_flow")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A work folder with a trial of each chosen variant, and its training set."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("comparison")
    claim(folder, PLAN)
    dataset = training_set(folder, PLAN)
    for key in CHOSEN:
        run_trial(folder, find_variant(key), 0, PLAN, dataset)
    yield folder, dataset
    torch.set_num_threads(threads)


def test_a_trial_says_how_every_start_ended(work):
    folder, _ = work
    for key in CHOSEN:
        trial = finished(folder, key, 0)
        assert [episode.seed for episode in trial.episodes] == list(PLAN.start_seeds(0))
        assert trial.error.executed > 0
        assert trial.error.chunk > 0
        assert trial.training.cpu_s > 0


def test_what_was_trained_is_not_trained_again(work, monkeypatch):
    folder, dataset = work
    own = trial_folder(folder, "conditional", 0)
    before, weights = finished(folder, "conditional", 0), (own / WEIGHTS).stat().st_mtime_ns
    (own / RESULT).unlink()
    again = run_trial(folder, find_variant("conditional"), 0, PLAN, dataset)
    assert (own / WEIGHTS).stat().st_mtime_ns == weights
    assert again == before


def test_the_report_has_every_variant_that_was_tried(work):
    folder, dataset = work
    table = write_report(folder, PLAN, dataset)
    assert (folder / TABLE_FILE).read_text(encoding="utf-8") == table
    assert [find_variant(key).title in table for key in (*CHOSEN, "regression")] == [True, True, False]
    document = json.loads((folder / JSON_FILE).read_text(encoding="utf-8"))
    assert list(document["variants"]) == list(CHOSEN)
    for row in document["variants"].values():
        assert row["rate"]["episodes"] == PLAN.starts
        assert row["costs"]["latency"]["median_ms"] > 0
        assert row["costs"]["memory"]["peak_mb"] > row["costs"]["memory"]["imported_mb"] > 0
    assert (folder / FIGURE_FILE).read_bytes().startswith(b"\x89PNG")


def test_results_of_other_conditions_are_not_mixed(work):
    folder, _ = work
    claim(folder, PLAN)
    with pytest.raises(UsageError, match="describes other conditions"):
        claim(folder, replace(PLAN, steps=3))
