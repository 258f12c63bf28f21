"""Jumps at the seams between chunks: one recorded episode, one policy, each schedule of the node.

Without arguments the episode is one of the simulator's scripted expert at 30 Hz, and the policy predicts what was
recorded, wrong in each chunk by an error of its own: an offset and a drift of 0.01 rad (standard deviation), as two
samples of a trained policy differ. With --bag and --checkpoint a real policy is replayed through the node's control
loop, limits included. Both are the same at every run: nothing is timed.

A seam jump is the largest change of the step, |e(t+1) - 2 e(t) + e(t-1)|, of any arm joint's error e from the seam
until 4 steps later, where a fade has ended: what the recorded motion does there is no jump, and one that is moved to a
tick nearby is still seen.
Usage: chunk_seams.py [--latency-ms X] [--bag BAG --checkpoint C]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vita_dataset.robot import read_parameters
from vita_policy_node.replay import replay_bag
from vita_policy_node.schedule_settings import SCHEDULES, ScheduleSettings
from vita_policy_node.schedules import make_scheduler
from vita_policy_node.serving import open_checkpoint
from vita_sim.lift_expert import LiftExpert
from vita_sim.scene import find_scene
from vita_sim.simulation import Simulation
from vita_train.policy.observation import ActionChunk

HORIZON, LENGTH = 8, 16
PERIOD_NS = round(1e9 / 30)
BLEND_STEPS = 4
ERROR_RAD = 0.01

Matrix = NDArray[np.float64]
Sent = tuple[Matrix, Matrix, list[int]]
"""Actions sent and recorded [n, A] of the arm joints, in turn, and the chunk behind each, a number."""


def settings_of(schedule: str) -> ScheduleSettings:
    """With the defaults of the node."""
    return ScheduleSettings(schedule, replan_steps=0, ensemble_decay=0.01, blend_steps=BLEND_STEPS)


def expert_episode() -> tuple[Matrix, NDArray[np.bool_]]:
    """The commands [n, A] of a scripted expert who lifts a cube, and which elements are joints of the arm."""
    simulation = Simulation(find_scene("lift"))
    simulation.reset(0)
    expert = LiftExpert(simulation, PERIOD_NS / 1e9)
    commands = []
    while not simulation.success and simulation.now_ns < 15e9:
        commands.append(expert.act())
        simulation.command(commands[-1], PERIOD_NS)
        simulation.advance_to(len(commands) * PERIOD_NS)
    return np.array(commands), simulation.is_angle


def on_expert(latency_ns: int) -> Callable[[str], Sent]:
    """Runs a schedule over the expert's episode: a tick and an observation at each step."""
    recorded, arm = expert_episode()

    def predict(step: int) -> ActionChunk:
        offset, drift = np.random.default_rng([0, step]).normal(0.0, ERROR_RAD, (2, recorded.shape[1])) * arm
        rows = np.minimum(step + np.arange(LENGTH), len(recorded) - 1)
        actions = recorded[rows] + offset + np.linspace(0.0, 1.0, LENGTH)[:, None] * drift
        return ActionChunk(step * PERIOD_NS, PERIOD_NS, actions.astype(np.float32), ())

    def run(schedule: str) -> Sent:
        scheduler = make_scheduler(settings_of(schedule), HORIZON, arm)
        waiting: tuple[int, ActionChunk] | None = None
        sent, truth, chunks = [], [], []
        for step in range(len(recorded)):
            now_ns = step * PERIOD_NS
            if waiting is not None and waiting[0] <= now_ns:
                scheduler.add(waiting[1], now_ns)
                waiting = None
            if scheduler.needs_chunk(now_ns):
                scheduler.request(now_ns)
                waiting = (now_ns + latency_ns, predict(step))
            if (due := scheduler.due(now_ns)) is not None:
                sent.append(due.action[arm])
                truth.append(recorded[step, arm])
                chunks.append(due.chunk_stamp_ns)
        return np.array(sent, dtype=np.float64), np.array(truth), chunks

    return run


def on_bag(bag: Path, checkpoint: str, latency_ns: int) -> Callable[[str], Sent]:
    """Replays a bag with a schedule."""
    serving = open_checkpoint({**read_parameters(bag / "robot.yaml"), "checkpoint": checkpoint})
    config, layout = serving.policy.config, serving.layout

    def run(schedule: str) -> Sent:
        settings = replace(serving.settings, schedule=settings_of(schedule))
        replayed = replay_bag(
            *(bag, layout, settings, serving.policy.predict_chunk, config.action_horizon, latency_ns),
            obs_horizon=config.obs_horizon,
        )
        told = [(t.command, t.recorded, t.chunk_stamp_ns) for t in replayed.ticks if t.command is not None]
        whole = [(c[layout.arm_joints], r[layout.arm_joints], s or 0) for c, r, s in told if r is not None]
        return np.array([c for c, _, _ in whole]), np.array([r for _, r, _ in whole]), [s for _, _, s in whole]

    return run


def seam_jumps(errors: Matrix, chunks: list[int]) -> NDArray[np.float64]:
    """The jump of each seam, float64 [n]."""
    change = np.abs(np.diff(errors, n=2, axis=0)).max(axis=1)
    # Element i of ``change`` compares the steps before and after tick i + 1.
    seams = [tick for tick in range(2, len(chunks)) if chunks[tick] != chunks[tick - 1]]
    return np.array([change[tick - 2 : tick + BLEND_STEPS].max() for tick in seams])


def main() -> int:
    """Print each schedule's seams; 1 unless blending jumps less than executing open loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=60.0)
    parser.add_argument("--bag", type=Path)
    parser.add_argument("--checkpoint")
    args = parser.parse_args()
    if (args.bag is None) != (args.checkpoint is None):
        parser.error("--bag and --checkpoint belong together")
    latency_ns = round(1e6 * args.latency_ms)
    run = on_bag(args.bag, args.checkpoint, latency_ns) if args.bag else on_expert(latency_ns)
    print(f"{args.bag or 'scripted expert'}, inference {args.latency_ms:g} ms; mrad")
    medians = {}
    for schedule in SCHEDULES:
        actions, recorded, chunks = run(schedule)
        jumps = 1e3 * seam_jumps(actions - recorded, chunks)
        medians[schedule] = float(np.median(jumps))
        print(
            f"  {schedule:17} {len(jumps):4} seams, jump median {medians[schedule]:6.2f}, p95 "
            f"{np.percentile(jumps, 95):6.2f}, max {jumps.max():6.2f}   mean error "
            f"{1e3 * np.abs(actions - recorded).mean():6.2f}"
        )
    print(f"  blend / open_loop {medians['blend'] / medians['open_loop']:.2f}")
    return 0 if medians["blend"] < medians["open_loop"] else 1


if __name__ == "__main__":
    sys.exit(main())
