"""A checkpoint in service on one robot: loaded, compared with the robot, warm. For the node and the offline replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from vita_dataset.errors import DataError
from vita_dataset.robot import parse_robot
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.safety_settings import SafetySettings
from vita_policy_node.settings import NodeSettings, read_settings
from vita_policy_node.start_gate import StartPoses
from vita_policy_node.urdf_limits import within_urdf
from vita_policy_node.workspace import Workspace
from vita_train.policy.inference import ServedPolicy, load_policy
from vita_train.policy.observation import ActionChunk


@dataclass(frozen=True, eq=False)
class Serving:
    """The policy, how it fits the robot, the settings it was asked for, and who builds its observations."""

    policy: ServedPolicy
    layout: Layout
    settings: NodeSettings
    builder: ObservationBuilder

    @property
    def start_poses(self) -> StartPoses | None:
        """Where the demonstrations began; None when the checkpoint does not say."""
        known = self.policy.start_pose
        return None if known is None else StartPoses.of(self.layout, known)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What the settings ask for, but this checkpoint knows too little for: one sentence each."""
        safety, unchecked = self.settings.safety, []
        if safety.start_gate != "off" and self.policy.start_pose is None:
            unchecked.append("start_gate has no effect: the checkpoint does not say where its demonstrations began")
        if safety.workspace != "off" and self.layout.limits.workspace is None:
            unchecked.append("workspace has no effect: the checkpoint has no quantiles of its states")
        return tuple(f"{what}; convert the dataset and train again" for what in unchecked)

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
    if settings.safety.urdf:
        robot = within_urdf(robot, settings.safety.urdf)
    policy = load_policy(settings.checkpoint, settings.device, settings.precision)
    layout = check_contract(robot, policy.spec, policy.config.image_keys, settings, policy.config.action_horizon)
    if settings.safety.start_gate == "ramp" and policy.start_pose is None:
        raise DataError(
            f"start_gate is 'ramp', but the checkpoint '{policy.checkpoint}' does not say where its demonstrations "
            "began; train again, or set start_gate to 'off'"
        )
    layout = replace(layout, limits=replace(layout.limits, workspace=_workspace(policy, layout, settings.safety)))
    policy.warm_up()
    return Serving(policy, layout, settings, ObservationBuilder(layout, settings))


def _workspace(policy: ServedPolicy, layout: Layout, settings: SafetySettings) -> Workspace | None:
    if settings.workspace == "off":
        return None
    states, margin = policy.stats[policy.config.state_key], settings.workspace_margin
    holds = settings.workspace == "hold"
    return Workspace.known(states, policy.start_pose, layout.state_order, layout.arm_joints, margin, holds)
