"""What the simulator costs: images, with and without shadows in turn, physics, and a whole demonstration.

Usage: simulator.py [--rounds R]. CPU time counts the threads of the software renderer too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from vita_sim.demonstrate import demonstrate
from vita_sim.render import Cameras
from vita_sim.simulation import Simulation
from vita_sim.stage import open_stage

SIZES = ((96, 128), (240, 320), (480, 640))
IMAGES = 30
SHADOW_MAP = 2048
"""MuJoCo's default is 4096."""


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> int:
    """Print medians over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    stage = open_stage("lift", "ur12e")
    plain, shaded = Simulation(stage.scene), Simulation(stage.scene)
    shaded.model.vis.quality.shadowsize = SHADOW_MAP
    shaded.model.light_castshadow[:] = 1
    print(f"images per CPU-second, {args.rounds} rounds in turn (median)")
    for size in SIZES:
        with ExitStack() as stack:
            sides = [stack.enter_context(Cameras(simulation, size)) for simulation in (plain, shaded)]
            rates: list[list[float]] = [[], []]
            for _ in range(args.rounds):
                for cameras, found in zip(sides, rates, strict=True):
                    spent = cpu_seconds(lambda cameras=cameras: [cameras.image("front") for _ in range(IMAGES)])
                    found.append(IMAGES / spent)
            ours, with_shadows = (statistics.median(found) for found in rates)
            ratio = ours / with_shadows
            print(f"  {size[0]}x{size[1]}: {ours:7.0f}   with shadows {with_shadows:7.0f}   ratio {ratio:.1f}")

    def run_physics() -> None:
        plain.reset(0)
        plain.advance_to(2_000_000_000)

    physics = statistics.median(2 / cpu_seconds(run_physics) for _ in range(args.rounds))
    print(f"simulated seconds per CPU-second, physics alone: {physics:.0f}")
    with Cameras(plain, SIZES[0]) as cameras:
        spent, steps = [], []
        for seed in range(args.rounds):
            began = time.process_time()
            shown = demonstrate(stage, plain, cameras, seed, noise_rad=0.003)
            spent.append(time.process_time() - began)
            steps.append(len(shown.state))
    print(
        f"a demonstration with two cameras of {SIZES[0][0]}x{SIZES[0][1]}, without encoding: "
        f"{statistics.median(spent):.2f} CPU-seconds for {statistics.median(steps):.0f} steps"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
