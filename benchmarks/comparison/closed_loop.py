"""How often a policy lifts the cube: the product's own evaluation, through the node's control loop and safety gate."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from benchmarks.comparison.demonstrations import SCENE
from benchmarks.comparison.plan import Plan
from benchmarks.comparison.server import Server
from vita_dataset.spec import DatasetSpec
from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.serving import Serving
from vita_policy_node.settings import read_settings
from vita_sim.env import VitaSimEnv
from vita_sim.evaluate import LATENCY_MS, control_loop, run_evaluation
from vita_sim.stage import open_stage
from vita_train.policy.inference import ServedPolicy
from vita_train.policy.vita import VitaPolicy


@dataclass(frozen=True)
class Episode:
    """One start: its seed, and the simulated time to success [s], None without."""

    seed: int
    time_s: float | None


def run_episodes(policy: VitaPolicy, spec: DatasetSpec, plan: Plan, seeds: range) -> tuple[Episode, ...]:
    """Let a policy try every start once."""
    stage = open_stage(SCENE)
    settings = read_settings(stage.parameters)
    layout = check_contract(stage.robot, spec, policy.config.image_keys, settings)
    # The network as it was trained, not as it is served: the same way for every variant.
    server = cast(ServedPolicy, Server(policy.config, policy.predict, spec))
    serving = Serving(server, layout, settings, ObservationBuilder(layout, settings))

    def make_loop() -> ControlLoop:
        return control_loop(serving, round(LATENCY_MS * 1e6))

    # What a policy draws when it predicts.
    torch.manual_seed(seeds.start)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(VitaSimEnv(stage, plan.camera_size, plan.time_limit_s)) as env,
    ):
        found = run_evaluation(env, make_loop, seeds, Path(folder), videos=0)
    return tuple(Episode(result.seed, result.time_s) for result in found.results)
