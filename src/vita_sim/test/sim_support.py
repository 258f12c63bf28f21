"""What the tests of the simulation share: the shipped robot files, and episodes of scripted experts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from vita_dataset.robot import Robot, read_parameters, read_robot_file
from vita_sim.bar_expert import BarExpert
from vita_sim.lift_expert import LiftExpert
from vita_sim.noise import ExecutionNoise
from vita_sim.scene import find_scene
from vita_sim.simulation import Simulation

CONFIG = Path(__file__).resolve().parents[2] / "vita_bringup" / "config"
ROBOT_FILES = {"lift": "ur12e_sim.yaml", "bar": "ur12e_dual_sim.yaml"}
EXPERTS = {"lift": LiftExpert, "bar": BarExpert}
RATE_HZ = 30
PERIOD_NS = round(1e9 / RATE_HZ)
NOISE_RAD = 0.003
REPEATABLE = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""For property tests: the same examples each time, and no failure because the machine is busy."""

Vector = NDArray[np.float64]


def robot_of(scene: str) -> Robot:
    return read_robot_file(CONFIG / ROBOT_FILES[scene])


def rate_of(scene: str) -> float:
    return float(read_parameters(CONFIG / ROBOT_FILES[scene])["rate_hz"])


def simulation_of(scene: str) -> Simulation:
    return Simulation(find_scene(scene))


def tick(simulation: Simulation, command: Vector, period_ns: int = PERIOD_NS) -> None:
    """One command, and the time until the next."""
    begin_ns = simulation.now_ns
    simulation.command(command, period_ns)
    simulation.advance_to(begin_ns + period_ns)


def play(
    simulation: Simulation,
    seed: int,
    *,
    noise_rad: float = 0.0,
    limit_s: float = 15.0,
    rate_hz: float = RATE_HZ,
    until: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """An episode of the scene's expert until success: its commands [n, A]."""
    simulation.reset(seed)
    expert = EXPERTS[simulation.scene.name](simulation, 1 / rate_hz)
    scale = np.where(simulation.is_angle, noise_rad, 0.0)
    noise = ExecutionNoise(scale, 0.9, np.random.default_rng([seed, 1]))
    commands = []
    while not simulation.success and not until() and simulation.now_ns < limit_s * 1e9:
        commands.append(expert.act())
        tick(simulation, commands[-1] + noise.step(), round(1e9 / rate_hz))
    return np.array(commands)
