"""The five policies that are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.comparison.noise_flow import NoiseFlowPolicy
from benchmarks.comparison.regression import RegressionPolicy
from vita_dataset.errors import UsageError
from vita_dataset.stats import Stats
from vita_train.policy.config import VitaConfig
from vita_train.policy.vita import VitaPolicy

Build = Callable[[VitaConfig, Stats | None], VitaPolicy]


@dataclass(frozen=True)
class Variant:
    """One policy.

    Attributes:
        key: names its results.
        title: names it in tables.
        build: makes it with random weights from the plan's settings and a dataset's statistics; None of those when
            weights are loaded next.
    """

    key: str
    title: str
    build: Build


def _exact(config: VitaConfig, stats: Stats | None) -> VitaPolicy:
    return VitaPolicy(replace(config, flow_matcher=replace(config.flow_matcher, name="exact")), stats)


def _conditional(config: VitaConfig, stats: Stats | None) -> VitaPolicy:
    return VitaPolicy(replace(config, flow_matcher=replace(config.flow_matcher, name="conditional")), stats)


def _no_decoding(config: VitaConfig, stats: Stats | None) -> VitaPolicy:
    return _conditional(replace(config, decode_flow_latents=False), stats)


VARIANTS = (
    Variant("exact", "VITA, exact coupling (published)", _exact),
    Variant("conditional", "VITA, conditional coupling (default)", _conditional),
    Variant("no_decoding", "VITA, flow latents not decoded", _no_decoding),
    Variant("noise_flow", "flow matching from noise", NoiseFlowPolicy),
    Variant("regression", "direct regression", RegressionPolicy),
)
BASE = "conditional"
"""The product's default, from which each of the others differs in one thing."""


def find_variant(key: str) -> Variant:
    """The variant of that key.

    Raises:
        UsageError: there is none.
    """
    for variant in VARIANTS:
        if variant.key == key:
            return variant
    raise UsageError(f"variant '{key}' is not known; choose from {[variant.key for variant in VARIANTS]}")
