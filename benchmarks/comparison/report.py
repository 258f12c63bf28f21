"""Everything that a work folder holds, as JSON, Markdown table and picture."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.comparison.costs import Costs, measure_costs
from benchmarks.comparison.figure import draw
from benchmarks.comparison.plan import Plan
from benchmarks.comparison.summary import Summary, summarise
from benchmarks.comparison.table import markdown
from benchmarks.comparison.trial import Trial, finished
from benchmarks.comparison.variants import BASE, VARIANTS
from vita_dataset.errors import UsageError
from vita_dataset.zarr_store import ConvertedDataset

JSON_FILE, TABLE_FILE, FIGURE_FILE = "comparison.json", "comparison.md", "comparison.png"


def collect(folder: Path, plan: Plan) -> dict[str, list[Trial]]:
    """The finished trials of each variant that has any, in the order of their seeds."""
    found = {
        variant.key: [trial for seed in range(plan.seeds) if (trial := finished(folder, variant.key, seed)) is not None]
        for variant in VARIANTS
    }
    return {key: trials for key, trials in found.items() if trials}


def write_report(folder: Path, plan: Plan, dataset: ConvertedDataset) -> str:
    """Measure what is measured for all at once, write the three files, and return the table.

    Raises:
        UsageError: no trial is finished.
    """
    trials = collect(folder, plan)
    if not trials:
        raise UsageError(f"no trial is finished in '{folder}'; run the comparison without --report first")
    base = trials.get(BASE)
    summaries = {key: summarise(own, None if key == BASE else base) for key, own in trials.items()}
    # Costs do not depend on the seed; they are ratios to the base, which must be there.
    ready = [variant for variant in VARIANTS if finished(folder, variant.key, 0) is not None]
    costs = measure_costs(folder, ready, 0, plan, dataset) if base and base[0].seed == 0 else {}
    document = {
        "plan": asdict(plan),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "torch": torch.__version__},
        "variants": _rows(summaries, costs),
        "trials": [asdict(trial) for own in trials.values() for trial in own],
    }
    table = markdown(plan, summaries, costs)
    (folder / JSON_FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / TABLE_FILE).write_text(table, encoding="utf-8")
    draw(folder / FIGURE_FILE, summaries, costs)
    return table


def _rows(summaries: Mapping[str, Summary], costs: Mapping[str, Costs]) -> dict[str, object]:
    return {
        variant.key: {
            "title": variant.title,
            **summaries[variant.key].to_dict(),
            "costs": asdict(costs[variant.key]) if variant.key in costs else None,
        }
        for variant in VARIANTS
        if variant.key in summaries
    }
