"""``run_episodes``: a policy node and a simulated robot that are running, episode after episode, and the report."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from vita_dataset.errors import VitaError, run_cli
from vita_sim.episode import EpisodeRules, episode_seeds
from vita_sim.episode_client import EpisodeClient
from vita_sim.evaluation_folder import evaluation_folder
from vita_sim.results import (
    REPORT_FILE,
    EpisodeResult,
    evaluation_report,
    report_table,
    require_success,
    video_name,
    write_report,
)
from vita_sim.run_settings import SETTINGS, RunSettings, read_run_settings
from vita_sim.sim_parameters import declare_settings
from vita_sim.stage import Stage, open_stage

SIGNAL_PATIENCE_S = 1.0
"""Who ends a launch ends all its programs: that the policy is gone may be seen so long before the own signal comes."""


def run_episodes(client: EpisodeClient, log: Any, stage: Stage, settings: RunSettings) -> dict[str, Any]:
    """Run all episodes and write films and report; ``log`` is told how it goes.

    Returns:
        The report.

    Raises:
        VitaError: an episode could not be run, or the output folder is taken or cannot be written.
    """
    results: list[EpisodeResult] = []
    seeds = episode_seeds(settings.seed, settings.episodes)
    with evaluation_folder(settings.out) as folder:
        for index, seed in enumerate(seeds):
            name = video_name(seed) if settings.videos is None or index < settings.videos else None
            result = replace(client.run(seed, folder / name if name else None), video=name)
            results.append(result)
            outcome = f"no success in {result.duration_s:.1f} s"
            if result.time_s is not None:
                outcome = f"success after {result.time_s:.2f} s"
            log.info(f"episode {index + 1} of {len(seeds)}, seed {seed}: {outcome}")
        checkpoint, step = client.checkpoint
        report = evaluation_report(
            results,
            way="node",
            scene=stage.scene.name,
            checkpoint=checkpoint,
            settings={
                "checkpoint_step": step,
                "robot": str(stage.robot_file),
                "rate_hz": stage.rate_hz,
                "first_seed": settings.seed,
                "time_limit_s": settings.time_limit_s,
                "image_size": list(client.size),
            },
            inference_ns=client.inference_ns,
        )
        write_report(folder / REPORT_FILE, report)
    log.info(f"the episodes are over\n{report_table(report)}\nreport: {settings.out / REPORT_FILE}")
    return report


def run(argv: Sequence[str]) -> int:
    """Run what the parameters ask for.

    Raises:
        VitaError: as ``run_episodes``, or a parameter is wrong, or fewer episodes succeeded than ``min_success``.
    """
    rclpy.init(args=list(argv), signal_handler_options=SignalHandlerOptions.NO)
    asked_to_end: list[int] = []
    # Python's own KeyboardInterrupt comes anywhere, also where it is swallowed: in a callback or a destructor.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: asked_to_end.append(received))
    try:
        node = Node("run_episodes", automatically_declare_parameters_from_overrides=True)
        settings = read_run_settings(declare_settings(node, SETTINGS))
        stage = open_stage(settings.scene, settings.robot)
        client = EpisodeClient(node, stage, EpisodeRules(settings.time_limit_s), lambda: bool(asked_to_end))
        try:
            report = run_episodes(client, node.get_logger(), stage, settings)
        except VitaError as error:
            if _comes(asked_to_end):
                raise KeyboardInterrupt from error
            raise
        finally:
            client.close()
            node.destroy_node()
    finally:
        rclpy.try_shutdown()
    require_success(report, settings.min_success)
    return 0


def _comes(signals: Sequence[int]) -> bool:
    deadline = time.monotonic() + SIGNAL_PATIENCE_S
    while not signals and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(signals)


def main() -> int:
    """Entry point of ``ros2 run vita_sim run_episodes``."""
    return run_cli(run, sys.argv)


if __name__ == "__main__":
    sys.exit(main())
