"""Fuzzed message sequences through the control loop: how many, what they were made of, and that none breaks it.

Each sequence draws a robot, its limits and settings, a policy with faults, calls of start, stop and reset, jumps of the
clock and broken messages; every tick is judged by an oracle that shares no code with the safety gate. The sequences are
those of the package's tests, and more of them. Ends with 1 and the sequence's number if one breaks.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src/vita_policy_node/test"))

from fuzz_sequence import Figures, run_sequence


def main() -> int:
    """Run the sequences and print what happened in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=1000, help="how many (default 1000; the figure is of 10000)")
    parser.add_argument(
        "--seed", type=int, default=1, help="other numbers give other sequences (default 1, the tests')"
    )
    arguments = parser.parse_args()
    figures, broken = Figures(), []
    began = time.process_time()
    for number in range(arguments.sequences):
        try:
            run_sequence(arguments.seed, number, figures)
        except Exception as error:  # whatever it is, the next sequences count too
            broken.append(number)
            print(f"{type(error).__name__}: {error}")
    print(
        f"{arguments.sequences} sequences, {figures.ticks} ticks, {figures.messages} messages, "
        f"{figures.commands} commands, {time.process_time() - began:.0f} CPU-seconds"
    )
    print("drawn: " + ", ".join(f"{count} x {name}" for name, count in sorted(figures.drawn.items())))
    print("hits of the gate: " + ", ".join(f"{count} x {name}" for name, count in figures.hits.most_common()))
    print(f"broken: {len(broken)} {broken[:20] if broken else ''}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
