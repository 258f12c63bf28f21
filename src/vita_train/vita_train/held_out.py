"""Which episodes a run trains on, and which it is judged by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import UsageError
from vita_train.windows import refuse_strange_episodes

BEYOND = 0.05
"""How far past the training range, as a share of it, a value counts as outside."""


@dataclass(frozen=True)
class Split:
    """Episode numbers, each in one of the two at most.

    Attributes:
        train: what training may see, in the order of the task.
        held_out: what it never sees and validation measures on, rising; empty when nothing is validated.
    """

    train: tuple[int, ...]
    held_out: tuple[int, ...]


def split_episodes(
    count: int, chosen: Sequence[int] | None, held_out: Sequence[int] | None, num_held_out: int, seed: int
) -> Split:
    """Divide the episodes of a dataset.

    Args:
        count: episodes in the dataset.
        chosen: ``task.dataset_episodes``, what training may see; None = all.
        held_out: ``val.episodes``, exactly these, also from outside ``chosen``; None = draw them.
        num_held_out: ``val.num_episodes``, how many to draw from ``chosen``; with a list 0 or its length.
        seed: ``val.seed``, of the draw.

    Raises:
        UsageError: an episode that does not exist or is named twice, numbers that contradict each other, or nothing is
            left to train on.
    """
    pool = tuple(range(count)) if chosen is None else tuple(chosen)
    refuse_strange_episodes("task.dataset_episodes", pool, count)
    if held_out is None:
        if num_held_out and num_held_out >= len(pool):
            raise UsageError(
                f"val.num_episodes={num_held_out} of {len(pool)} episodes leaves none to train on; lower it"
            )
        drawn = np.random.default_rng(seed).choice(len(pool), num_held_out, replace=False)
        held_out = [sorted(pool)[number] for number in drawn]
    else:
        refuse_strange_episodes("val.episodes", held_out, count)
        if num_held_out not in (0, len(held_out)):
            raise UsageError(
                f"val.num_episodes={num_held_out}, but val.episodes names {len(held_out)}; leave one of the two out"
            )
    kept = tuple(episode for episode in pool if episode not in set(held_out))
    if not kept:
        raise UsageError(f"val.episodes holds all {len(pool)} episodes out and leaves none to train on; shorten it")
    return Split(kept, tuple(sorted(held_out)))


def outside_training(
    values: NDArray[np.float32], episode_ends: NDArray[np.int64], split: Split, labels: Sequence[str]
) -> dict[int, list[str]]:
    """The elements of a vector that training never shows as a held-out episode has them.

    There the error tells how a policy extrapolates, and no longer training makes it better.

    Args:
        values: state or action of all steps [N, D].
        episode_ends: int64 [E], one past each episode's last step.
        split: of the episodes.
        labels: of the D elements.

    Returns:
        Held-out episode -> the elements that lie outside the range of the training episodes in more than half of its
        steps; episodes without any are left out.
    """
    begins = [0, *episode_ends[:-1].tolist()]
    episodes = {episode: values[begins[episode] : episode_ends[episode]] for episode in (*split.train, *split.held_out)}
    low = np.min([episodes[episode].min(axis=0) for episode in split.train], axis=0)
    high = np.max([episodes[episode].max(axis=0) for episode in split.train], axis=0)
    margin = BEYOND * (high - low)
    found = {}
    for episode in split.held_out:
        outside = (episodes[episode] < low - margin) | (episodes[episode] > high + margin)
        names = [label for label, share in zip(labels, outside.mean(axis=0), strict=True) if share > 0.5]
        if names:
            found[episode] = names
    return found


def refuse_seen(held_out: Sequence[int], seen: Collection[int], before: Sequence[int]) -> None:
    """Refuse to go on from a checkpoint that was trained on what is held out now.

    Args:
        held_out: the episodes held out now.
        seen: those that the checkpoint was trained on.
        before: those held out when it was written.

    Raises:
        UsageError: names the episodes.
    """
    known = [episode for episode in held_out if episode in seen]
    if known:
        raise UsageError(
            f"the episodes {known} are held out now, but the run was trained on them before, so they would tell "
            f"nothing; repeat its hold-out with val.episodes={list(before) or 'null'}, or begin a new session"
        )
