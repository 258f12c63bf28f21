"""What the tests of evaluation share: a tiny checkpoint for a scene, and a predictor that knows the expert's way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.settings import read_settings
from vita_sim.evaluate import START_NS
from vita_sim.lift_expert import LiftExpert
from vita_sim.simulation import Simulation
from vita_sim.stage import Stage
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.policy.config import ActionAutoencoderConfig, FlowNetConfig, VitaConfig
from vita_train.policy.observation import ActionChunk
from vita_train.policy.vita import VitaPolicy

HEIGHT, WIDTH = 32, 40
CHUNK = 16


def dataset_spec(stage: Stage, **changes: object) -> DatasetSpec:
    """The dataset that demonstrations in this scene would be."""
    names = stage.scene.names
    values = {
        "repo_id": "test/sim",
        "fps": stage.rate_hz,
        "cameras": tuple(CameraSpec(camera.key, HEIGHT, WIDTH) for camera in stage.robot.cameras),
        "state": VectorSpec("observation.state", len(names), names),
        "action": VectorSpec("action", len(names), names),
        "source": SourceSpec("demonstrations", "v2.1", "0"),
    }
    return DatasetSpec(**{**values, **changes})


def layout_of(stage: Stage, spec: DatasetSpec) -> Layout:
    keys = [camera.key for camera in spec.cameras]
    return check_contract(stage.robot, spec, keys, read_settings(stage.parameters))


def write_checkpoint(folder: Path, stage: Stage, **changes: object) -> Path:
    """A policy with random weights whose actions stay near the arm's home."""
    dataset = dataset_spec(stage, **changes)
    config = VitaConfig(
        image_keys=tuple(camera.key for camera in dataset.cameras),
        state_dim=dataset.state.dim,
        action_dim=dataset.action.dim,
        resize_shape=(HEIGHT, WIDTH),
        crop_shape=(30, 38),
        observer="small",
        latent_dim=32,
        flow_net=FlowNetConfig(hidden_dim=32, num_layers=1),
        action_ae=ActionAutoencoderConfig(enc_hidden_dim=32, dec_hidden_dim=32),
    )
    torch.manual_seed(0)
    statistics = _stats(dataset, stage)
    path = folder / "step_0000000010"
    save_checkpoint(path, VitaPolicy(config, statistics), dataset, statistics, step=10, git_revision="test")
    return path


def _stats(dataset: DatasetSpec, stage: Stage) -> dict[str, FeatureStats]:
    home = stage.scene.home_vector

    def feature(mean: np.ndarray) -> FeatureStats:
        return FeatureStats(mean, np.full(mean.shape, 0.1), mean - 1, mean + 1, 100)

    images = {camera.key: feature(np.full((3, 1, 1), 0.4)) for camera in dataset.cameras}
    return {**images, dataset.state.key: feature(home), dataset.action.key: feature(home)}


class ExpertPlan:
    """Predicts what the expert did from the same start in a simulation of its own.

    Attributes:
        succeeded_ns: when it reached the goal there.
    """

    def __init__(self, stage: Stage, seed: int, order: tuple[str, ...]) -> None:
        self._order = order
        self._period_ns = stage.period_ns
        columns = [stage.scene.names.index(name) for name in order]
        simulation = Simulation(stage.scene)
        simulation.reset(seed)
        expert = LiftExpert(simulation, stage.period_ns / 1e9)
        actions = []
        while len(actions) < 180:
            actions.append(expert.act())
            simulation.command(actions[-1], stage.period_ns)
            simulation.advance_to(len(actions) * stage.period_ns)
        self.succeeded_ns = simulation.succeeded_ns
        self._actions = np.array(actions, np.float32)[:, columns]

    def __call__(self, matched: MatchedSet) -> ActionChunk:
        first = (matched.stamp_ns - START_NS) // self._period_ns
        actions = self._actions[first : first + CHUNK]
        return ActionChunk(matched.stamp_ns, self._period_ns, actions, self._order, inference_ns=2_000_000)
