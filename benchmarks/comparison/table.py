"""The comparison as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.comparison.costs import Costs
from benchmarks.comparison.plan import Plan
from benchmarks.comparison.summary import Summary
from benchmarks.comparison.variants import VARIANTS

HEAD = (
    "policy",
    "success (95 % interval)",
    "each seed",
    "against the default: won, lost, p",
    "median time to success",
    "error: executed, chunk",
    "latency, ratio: ready to serve",
    "as trained",
    "parameters: trained, served",
    "memory: weights, process",
    "training, CPU time",
)


def markdown(plan: Plan, summaries: Mapping[str, Summary], costs: Mapping[str, Costs]) -> str:
    """One row for each variant that has results; cells without any are empty."""
    hold = next(iter(summaries.values())).hold
    lines = [
        f"{plan.train_episodes} demonstrations, {plan.steps} steps of {plan.batch_size}, {plan.seeds} seeds, "
        f"{plan.starts} starts each, {plan.time_limit_s:g} s to succeed. Errors are shares of each joint's range on "
        f"{plan.held_out_episodes} held-out demonstrations; holding the pose: {hold:.1%}.",
        "",
        _row(HEAD),
        _row(["---"] * len(HEAD)),
    ]
    lines += [
        _row(_cells(variant.title, summaries[variant.key], costs.get(variant.key)))
        for variant in VARIANTS
        if variant.key in summaries
    ]
    return "\n".join(lines) + "\n"


def _cells(title: str, found: Summary, costs: Costs | None) -> list[str]:
    rate, duel = found.rate, found.duel
    cells = [
        title,
        f"{rate.successes} of {rate.episodes}: {rate.rate:.0%} ({rate.low:.0%} to {rate.high:.0%})",
        ", ".join(f"{each.successes}/{each.episodes}" for each in found.rates),
        "" if duel is None else f"{duel.won}, {duel.lost}, {duel.p:.2g}",
        "" if found.time_s is None else f"{found.time_s:.2f} s",
        f"{found.executed:.1%}, {found.chunk:.1%}",
    ]
    if costs is None:
        cells += [""] * 4
    else:
        latency, memory = costs.latency, costs.memory
        cells += [
            f"{latency.median_ms:.1f} ms, {latency.ratio:.2f}",
            f"{costs.plain.median_ms:.1f} ms, {costs.plain.ratio:.2f}",
            f"{costs.trained / 1e6:.2f} M, {costs.served / 1e6:.2f} M",
            f"{costs.weights_mb:.1f} MB, {memory.peak_mb:.0f} MB (+{memory.peak_mb - memory.imported_mb:.0f})",
        ]
    return [*cells, f"{found.train_cpu_s:.0f} s"]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
