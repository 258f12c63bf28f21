"""A checkpoint in service on one robot: loaded, compared with the robot, warm. For the node and the offline replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from vita_dataset.errors import DataError
from vita_dataset.robot import parse_robot
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.settings import NodeSettings, read_settings
from vita_train.policy.inference import ServedPolicy, load_policy
from vita_train.policy.observation import ActionChunk


@dataclass(frozen=True, eq=False)
class Serving:
    """The policy, how it fits the robot, the settings it was asked for, and who builds its observations."""

    policy: ServedPolicy
    layout: Layout
    settings: NodeSettings
    builder: ObservationBuilder

    def predict(self, matched: MatchedSet) -> ActionChunk:
        """From messages to a chunk; see ``ObservationBuilder.build`` and ``ServedPolicy.predict_chunk`` for errors."""
        return self.policy.predict_chunk(self.builder.build(matched))


def open_checkpoint(parameters: Mapping[str, Any]) -> Serving:
    """Load what the parameters name.

    Args:
        parameters: settings and robot, as ``read_settings`` and ``parse_robot`` take them.

    Raises:
        VitaError: a setting, the robot or the checkpoint is not what it must be, or they do not fit one another.
    """
    settings, robot = read_settings(parameters), parse_robot(parameters)
    if not settings.checkpoint:
        raise DataError("parameter 'checkpoint' is empty; give the path of a checkpoint folder")
    if settings.torch_threads:
        # Before the inference thread begins: each thread takes the number over when it first computes.
        torch.set_num_threads(settings.torch_threads)
    policy = load_policy(settings.checkpoint, settings.device, settings.precision)
    layout = check_contract(robot, policy.spec, policy.config.image_keys, settings)
    policy.warm_up()
    return Serving(policy, layout, settings, ObservationBuilder(layout, settings))
