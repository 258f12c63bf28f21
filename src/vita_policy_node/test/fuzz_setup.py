"""Draws a robot, its limits and the node's settings: what one fuzzed sequence runs with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from policy_node_fakes import KEYS, NAMES

from vita_dataset.robot import Robot, parse_robot
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.schedule_settings import SCHEDULES
from vita_policy_node.settings import NodeSettings, read_settings
from vita_policy_node.start_gate import StartPoses
from vita_policy_node.workspace import Workspace

HEIGHT, WIDTH = 8, 10
MIDDLE = {"shoulder": 0.0, "elbow": 0.3, "gripper": 0.5}
LEFT, RIGHT = ("l1", "l2", "lg"), ("r1", "r2", "rg")


@dataclass(frozen=True, eq=False)
class Setup:
    """What a sequence runs with. ``middle`` float64 [A]: a pose in the middle of what the policy does."""

    robot: Robot
    layout: Layout
    settings: NodeSettings
    action_horizon: int
    obs_horizon: int
    start_poses: StartPoses | None
    middle: np.ndarray


def draw_setup(rng: Random) -> Setup:
    """Any settings that fit a robot with one or two arms."""
    fps = rng.choice([10.0, 30.0])
    horizon = rng.choice([1, 4, 8])
    sides = ("left", "right")[: rng.choice([1, 1, 2])]
    robot = parse_robot(_robot(rng, sides))
    names = [f"{side}_{name}" for side in sides for name in NAMES]
    settings = read_settings(_settings(rng, fps, horizon))
    layout = check_contract(robot, _spec(rng, names, fps), KEYS, settings, horizon)
    order = layout.limits.names
    middle = np.array([MIDDLE[name.split("_")[1]] for name in order])
    poses = None
    if rng.random() < 0.5:
        reach = rng.choice([0.05, 0.5])
        poses = StartPoses(order, middle - reach, middle + reach, layout.arm_joints)
    if rng.random() < 0.3:
        room = rng.choice([0.2, 0.4])
        known = Workspace(middle - room, middle + room, layout.arm_joints, rng.random() < 0.7)
        layout = replace(layout, limits=replace(layout.limits, workspace=known))
    return Setup(robot, layout, settings, horizon, rng.choice([1, 1, 3]), poses, middle)


def retuned(rng: Random, setup: Setup) -> Setup:
    """The same with other live settings; the rest is read when the node configures."""
    safety = replace(setup.settings.safety, age_skip=rng.choice([0.3, 1.0]), age_stop=rng.choice([0.0, 3.0]))
    settings = replace(
        setup.settings,
        limit_mode=rng.choice(["clamp", "hold"]),
        max_lag_steps=rng.choice([2, 15, 100]),
        slop_s=rng.choice([0.005, 0.025, 0.1]),
        blank_spread=rng.choice([0.0, 2.0]),
        frozen_move_rad=rng.choice([0.0, 0.1]),
        safety=safety,
    )
    return replace(setup, settings=settings)


def _settings(rng: Random, fps: float, horizon: int) -> dict[str, Any]:
    schedule = rng.choice(SCHEDULES) if horizon > 1 else "open_loop"
    replan = rng.randrange(horizon)
    default = {"blend": horizon, "receding": max(1, horizon // 2)}
    return {
        "rate_hz": rng.choice([0.0, fps, fps * 1.7, fps * 3]),
        "slop_s": rng.choice([0.005, 0.025, 0.1]),
        "queue_size": rng.choice([2, 10, 60]),
        "camera_timeout_s": rng.choice([0.1, 0.2, 0.5]),
        "state_timeout_s": rng.choice([0.1, 0.2, 0.5]),
        "limit_mode": rng.choice(["clamp", "clamp", "clamp", "hold"]),
        "max_lag_steps": rng.choice([2, 15, 100]),
        "blank_spread": rng.choice([0.0, 2.0]),
        "frozen_move_rad": rng.choice([0.0, 0.1]),
        "stuck_s": rng.choice([0.0, 0.5]),
        "dry_run": rng.random() < 0.1,
        "command_prefix": rng.choice(["", "", "", "/replay"]),
        "schedule": schedule,
        "replan_steps": replan,
        "blend_steps": rng.randint(1, replan or default.get(schedule, 1)),
        "ensemble_decay": rng.choice([-5.0, 0.0, 0.01, 5.0]),
        "start_gate": rng.choice(["refuse", "ramp", "off"]),
        "ramp_speed_rad_s": rng.choice([0.1, 1.0]),
        "max_violations": rng.choice([0] * 7 + [5]),
        "age_warn": rng.choice([0.0, 0.5]),
        "age_skip": rng.choice([0.3, 1.0]),
        "age_stop": rng.choice([0.0, 0.0, 3.0]),
        "inference_timeout_s": rng.choice([0.0, 0.4, 10.0]),
    }


def _robot(rng: Random, sides: tuple[str, ...]) -> dict[str, Any]:
    transport = rng.choice(["raw", "raw", "compressed"])
    return {
        "cameras": ["front", "wrist"],
        "camera": {
            "front": {"topic": "/front", "key": KEYS[0], "transport": transport},
            "wrist": {"topic": "/wrist", "key": KEYS[1], "transport": "raw", "arm": "left"},
        },
        "arms": list(sides),
        "arm": {side: _arm(rng, side, joints) for side, joints in zip(sides, (LEFT, RIGHT), strict=False)},
    }


def _arm(rng: Random, side: str, joints: tuple[str, ...]) -> dict[str, Any]:
    step = rng.choice([0.01, 0.05, 0.3])
    arm: dict[str, Any] = {
        "joints": list(joints),
        "policy_names": [f"{side}_{name}" for name in NAMES],
        "state_topic": f"/{side}/joint_states",
        "command_topic": f"/{side}/command",
        "position_min": [-1.0, -0.7, 0.0],
        "position_max": [1.0, 1.3, 1.0],
        "max_step": [step, step * 2, 0.2],
    }
    if rng.random() < 0.5:
        speed = rng.choice([0.2, 2.0])
        arm["max_velocity"] = [speed, speed * 2, 100.0]
    if rng.random() < 0.5:
        change = rng.choice([0.5, 5.0, 50.0])
        arm["max_acceleration"] = [change, change * 2, 1000.0]
    return arm


def _spec(rng: Random, names: list[str], fps: float) -> DatasetSpec:
    state, action = rng.sample(names, len(names)), rng.sample(names, len(names))
    return DatasetSpec(
        repo_id="test/fuzz",
        fps=fps,
        cameras=tuple(CameraSpec(key, HEIGHT, WIDTH) for key in KEYS),
        state=VectorSpec("observation.state", len(names), tuple(state)),
        action=VectorSpec("action", len(names), tuple(action)),
        source=SourceSpec("recording", "v2.1", "0"),
    )
