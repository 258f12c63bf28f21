"""Judges every tick of a sequence by what docs/safety.md promises, with none of the gate's own code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from fuzz_setup import Setup

from vita_policy_node.commands import command_messages
from vita_policy_node.control_loop import PolicyState, Tick

MEMORY_NS = 500_000_000
NEAR = 1e-7
LONGEST_REASON = 1500


@dataclass(frozen=True, eq=False)
class Heard:
    """A message as it came: its stamp, when it came, and its positions by joint, empty if they cannot be used."""

    stamp_ns: int
    real_ns: int
    positions: dict[str, float]


class Oracle:
    """Told everything that goes into a loop and comes out of it; ``check`` raises ``AssertionError``."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._joints = {}
        for arm in setup.robot.arms:
            for row, (joint, name) in enumerate(zip(arm.joints, arm.policy_names, strict=True)):
                limits = arm.position_min[row], arm.position_max[row], arm.max_step[row]
                speed = arm.max_velocity[row] if arm.max_velocity else math.inf
                change = arm.max_acceleration[row] if arm.max_acceleration else math.inf
                self._joints[name] = (joint, arm.state_topic, *limits, speed, change)
        rows = [self._joints[name] for name in setup.layout.limits.names]
        self._low, self._high, step, self._speed, self._change = (
            np.array([row[column] for row in rows], dtype=np.float64) for column in range(2, 7)
        )
        fps_ns, self._period_ns = setup.layout.step_ns, setup.layout.period_ns
        self._step = step * self._period_ns / fps_ns
        self._step_of_policy = step
        self.retune(setup)
        self._limited = np.isfinite(self._speed) | np.isfinite(self._change)
        self._heard: list[list[Heard]] = [[] for _ in setup.layout.streams]
        self._running = False
        self._at_start = False
        self._last: tuple[int, np.ndarray] | None = None
        self._velocity: np.ndarray | None = None
        self._ticked_ns: int | None = None
        self.commands = 0

    def retune(self, setup: Setup) -> None:
        """The live settings have changed."""
        self._setup = setup
        self._lag = math.inf if setup.settings.dry_run else setup.settings.max_lag_steps * self._step_of_policy

    def hear(self, stream: int, message: Any, real_ns: int) -> None:
        """A message came."""
        stamp = message.header.stamp
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec
        wanted = self._setup.layout.streams[stream].joints
        positions: dict[str, float] = {}
        if wanted:
            names, values = list(message.name), list(message.position)
            whole = len(names) == len(values) and all(names.count(joint) == 1 for joint in wanted)
            positions = {joint: values[names.index(joint)] for joint in wanted} if whole else {}
            if not all(map(math.isfinite, positions.values())):
                positions = {}
            if not wanted.intersection(names):
                return
        if stamp_ns > 0:
            self._heard[stream].append(Heard(stamp_ns, real_ns, positions))
            del self._heard[stream][:-200]

    def start(self) -> None:
        """``~/start`` was called."""
        self._running = True
        settings, gate = self._setup.settings, self._setup.settings.safety.start_gate
        asked = gate != "off" and not settings.command_prefix and not (settings.dry_run and gate == "ramp")
        self._at_start = asked and self._setup.start_poses is not None

    def stop(self) -> None:
        """The node was stopped."""
        self._running = False

    def forget(self) -> None:
        """The node was deactivated: what came before counts no more."""
        self._heard = [[] for _ in self._heard]

    def check(self, tick: Tick, now_ns: int, real_ns: int, blocked: str) -> None:
        """Judge a tick at ``now_ns`` on the node's clock and ``real_ns`` on a true one."""
        before_ns, self._ticked_ns = self._ticked_ns, now_ns
        passed_ns = self._period_ns if before_ns is None else min(max(0, now_ns - before_ns), self._period_ns)
        assert (tick.state is PolicyState.RUNNING) == (tick.command is not None)
        assert tick.reason or tick.state is PolicyState.RUNNING, "a hold without a reason"
        assert len(tick.reason) <= LONGEST_REASON, f"a reason of {len(tick.reason)} characters: {tick.reason[:300]}"
        self._running &= tick.state is not PolicyState.IDLE
        poses = self._poses(now_ns, real_ns)
        if self._at_start and poses is not None and self._stands_at_start(poses):
            self._at_start = False
        if tick.command is None:
            self._velocity = None
            return
        command = tick.command
        assert self._running, "sent before the start or after a stop"
        assert not blocked, "sent although blocked"
        assert command.dtype == np.float64, command.dtype
        assert command.shape == self._low.shape, command.shape
        assert np.isfinite(command).all(), command
        assert ((command >= self._low) & (command <= self._high)).all(), "outside the position limits"
        assert poses is not None, "sent while a stream is stale or without a pose"
        near = [self._nearest(value, have) for value, have in zip(command, poses, strict=True)]
        assert (np.abs(command - near) <= self._lag + NEAR).all(), "further from the arm than max_lag_steps"
        seconds = (self._period_ns if self._velocity is None else passed_ns) / 1e9
        references = self._references(np.array(near), real_ns)
        complaints = [self._complaint(command - reference, seconds) for reference in references]
        assert "" in complaints, complaints[0]
        # Where it began is not sure, so neither is its speed.
        sure = len(references) == 1 and self._last is not None and seconds > 0
        self._velocity = (command - references[0]) / seconds if sure else np.full_like(command, np.nan)
        self._check_workspace(command, poses)
        if self._setup.settings.limit_mode == "hold" and tick.due is not None:
            assert np.abs(command - tick.due.action).max() <= NEAR, "limit_mode hold changed an action"
        self._check_messages(command)
        self._last = real_ns, command
        self.commands += 1

    def _poses(self, now_ns: int, real_ns: int) -> list[list[float]] | None:
        """For each element of the action what its joint was lately measured at; None if any stream is stale."""
        fresh = []
        for stream, heard in zip(self._setup.layout.streams, self._heard, strict=True):
            limit_ns = stream.timeout_ns
            # A stamp may lie ahead by the limit, so a message may come that much earlier than it becomes stale.
            fresh.append(
                [
                    each
                    for each in heard
                    if abs(now_ns - each.stamp_ns) <= limit_ns
                    and real_ns - each.real_ns <= 2 * limit_ns + self._period_ns
                ]
            )
        if not all(fresh):
            return None
        poses = []
        for name in self._setup.layout.limits.names:
            joint, topic = self._joints[name][:2]
            stream = next(i for i, one in enumerate(self._setup.layout.streams) if one.topic == topic)
            poses.append([each.positions[joint] for each in fresh[stream] if each.positions])
        return poses if all(poses) else None

    @staticmethod
    def _nearest(value: float, have: list[float]) -> float:
        return min(have, key=lambda position: abs(position - value))

    def _references(self, near: np.ndarray, real_ns: int) -> list[np.ndarray]:
        """What the command may be a step from: the last one while the arm is on its way there, else the pose too."""
        if self._last is None:
            return [near]
        return [self._last[1]] if real_ns - self._last[0] < MEMORY_NS else [self._last[1], near]

    def _complaint(self, way: np.ndarray, seconds: float) -> str:
        """What is wrong with moving so far in so much time; empty if nothing is."""
        if not (np.abs(way) <= self._step + NEAR).all():
            return f"a step of {way}, allowed {self._step}"
        if self._at_start:
            safety = self._setup.settings.safety
            if safety.start_gate != "ramp":
                return "sent although the arm does not stand at a start pose"
            most = safety.ramp_speed_rad_s * self._period_ns / 1e9
            if not (np.abs(way) <= most + NEAR)[self._setup.layout.arm_joints].all():
                return f"a ramp by {way}, allowed {most}"
        if not seconds:
            return "" if (np.abs(way) <= NEAR)[self._limited].all() else f"moved by {way} in no time"
        velocity = way / seconds
        if not (np.abs(velocity) <= self._speed * (1 + 1e-6) + NEAR / seconds).all():
            return f"a velocity of {velocity}, allowed {self._speed}"
        change = np.abs(velocity - (0.0 if self._velocity is None else self._velocity))
        if (change > self._change * seconds * (1 + 1e-6) + 2 * NEAR / seconds).any():
            return f"the velocity changed by {change} in {seconds} s, allowed {self._change} a second"
        return ""

    def _stands_at_start(self, poses: list[list[float]]) -> bool:
        known, tolerance = self._setup.start_poses, self._setup.settings.safety.start_tolerance_rad
        assert known is not None
        ranges = zip(poses, known.low - tolerance, known.high + tolerance, known.checked, strict=True)
        return all(any(low <= at <= high for at in have) for have, low, high, checked in ranges if checked)

    def _check_workspace(self, command: np.ndarray, poses: list[list[float]]) -> None:
        known = self._setup.layout.limits.workspace
        if known is None or not known.holds:
            return
        for at, have, low, high, checked in zip(command, poses, known.low, known.high, known.checked, strict=True):
            beyond = max(low - at, at - high, 0.0)
            farthest = max(max(low - pose, pose - high, 0.0) for pose in have)
            assert not checked or beyond == 0 or beyond < farthest, "led out of the workspace"

    def _check_messages(self, command: np.ndarray) -> None:
        names = self._setup.layout.limits.names
        messages = command_messages(self._setup.layout, command, 0)
        for arm, message in zip(self._setup.robot.arms, messages, strict=True):
            assert tuple(message.joint_names) == arm.joints
            (point,) = message.points
            wanted = [command[names.index(name)] for name in arm.policy_names]
            assert list(point.positions) == wanted, "a joint got another's value"
