"""A checkpoint in service on one robot: loaded, compared with the robot, warm. For the node and the offline replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vita_dataset.errors import DataError
from vita_dataset.robot import parse_robot
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.observation_builder import build_observation
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.settings import NodeSettings, read_settings
from vita_train.policy.inference import ServedPolicy, load_policy
from vita_train.policy.observation import ActionChunk


@dataclass(frozen=True, eq=False)
class Serving:
    """The policy, how it fits the robot, and the settings it was asked for."""

    policy: ServedPolicy
    layout: Layout
    settings: NodeSettings

    def predict(self, matched: MatchedSet) -> ActionChunk:
        """From messages to a chunk; see ``build_observation`` and ``ServedPolicy.predict_chunk`` for errors."""
        return self.policy.predict_chunk(build_observation(self.layout, matched))


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
    policy = load_policy(settings.checkpoint, settings.device, settings.precision)
    layout = check_contract(robot, policy.spec, policy.config.image_keys, settings)
    policy.warm_up()
    return Serving(policy, layout, settings)
