"""Lets a policy act in environments, episode by episode."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from vita_dataset.progress import Progress, no_progress
from vita_dataset.spec import DatasetSpec
from vita_train.environment_group import EnvironmentGroup
from vita_train.policy.vita import VitaPolicy
from vita_train.running_episode import Outcome, RunningEpisode


def run_episodes(
    policy: VitaPolicy,
    spec: DatasetSpec,
    group: EnvironmentGroup,
    envs: int,
    seeds: Sequence[int],
    films: Sequence[Path] = (),
    interrupted: Callable[[], bool] = lambda: False,
    on_progress: Progress = no_progress,
) -> tuple[Outcome, ...] | None:
    """Run one episode for each seed.

    The first ``action_horizon`` actions of a chunk are carried out, then the policy is asked again. An episode depends
    on its seed and the policy, not on the environment that it comes to; only the last digits of a prediction vary with
    the size of its batch, and so with the number of environments.

    Args:
        policy: in evaluation mode, on its device; called without gradients.
        spec: of its dataset: sizes of images, steps per second.
        group: where to act.
        envs: how many environments ``group`` has.
        seeds: one or more.
        films: the mp4 of each of the first episodes.
        interrupted: asked before each step; True ends the run.
        on_progress: called with (episodes done, episodes in all).

    Returns:
        What came out, in the order of the seeds; None when interrupted.

    Raises:
        DataError: an environment fails, an episode does not end, or the policy predicts what is no number.
    """
    waiting = deque(range(len(seeds)))
    running: dict[int, tuple[int, RunningEpisode]] = {}
    outcomes: dict[int, Outcome] = {}
    on_progress(0, len(seeds))
    try:
        while waiting or running:
            if interrupted():
                return None
            starts: dict[int, int] = {}
            while waiting and len(running) < envs:
                slot = next(slot for slot in range(envs) if slot not in running)
                number = waiting.popleft()
                film = films[number] if number < len(films) else None
                running[slot] = (number, RunningEpisode(seeds[number], policy.config, spec, film))
                starts[slot] = seeds[number]
            for slot, step in group.do(starts).items():
                running[slot][1].begin(step)
            _predict(policy, [episode for _, episode in running.values() if episode.needs_actions])
            for slot, step in group.do({slot: episode.next_action() for slot, (_, episode) in running.items()}).items():
                number, episode = running[slot]
                episode.go_on(step)
                if step.ended:
                    del running[slot]
                    outcomes[number] = episode.finish(step)
                    on_progress(len(outcomes), len(seeds))
    finally:
        for _, episode in running.values():
            episode.close_film()
    return tuple(outcomes[number] for number in range(len(seeds)))


@torch.no_grad()
def _predict(policy: VitaPolicy, episodes: Sequence[RunningEpisode]) -> None:
    """Ask the policy for all episodes that need it in one batch."""
    if not episodes:
        return
    device = next(policy.parameters()).device
    inputs = [episode.inputs() for episode in episodes]
    batch = {key: torch.from_numpy(np.stack([each[key] for each in inputs])).to(device) for key in inputs[0]}
    chunks = policy.predict(batch, batch[policy.config.state_key]).cpu().numpy()
    for episode, chunk in zip(episodes, chunks, strict=True):
        episode.plan(chunk)
