"""Measures a policy on episodes that it was not trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor

from vita_dataset.progress import Progress, no_progress
from vita_dataset.zarr_store import ConvertedDataset
from vita_train.batch_ring import Batch
from vita_train.data import BatchDataset, BatchKeys
from vita_train.holding import held_poses
from vita_train.policy.config import VitaConfig
from vita_train.policy.vita import PAD_KEY, VitaPolicy
from vita_train.sample_order import InOrder
from vita_train.undisturbed import undisturbed
from vita_train.validation_errors import ErrorSum, JointScale, Validation
from vita_train.validation_examples import Actions, Example, decode, decoded_flow
from vita_train.windows import make_windows


class Validator:
    """Predicts from every observation of some episodes and compares with what was recorded.

    Each run sees the same windows in the same batches with the same random numbers, so two results differ by the
    policy alone.
    """

    def __init__(
        self,
        dataset: ConvertedDataset,
        config: VitaConfig,
        episodes: Sequence[int],
        batch_size: int,
        examples: int = 0,
    ) -> None:
        """Prepares a run; reads no frames yet.

        Args:
            dataset: where the episodes are.
            config: of the policies that will come.
            episodes: one or more.
            batch_size: windows computed at once.
            examples: of how many episodes, the first ones, a run returns what it predicted.
        """
        self._dataset = dataset
        self._config = config
        self._episodes = tuple(episodes)
        self._shown = self._episodes[:examples]
        self._windows = make_windows(
            dataset.episode_ends, config.pred_horizon, episodes, obs_horizon=config.obs_horizon
        )
        self._order = InOrder(len(self._windows), batch_size)
        keys = BatchKeys(config.image_keys, config.state_key, config.action_key)
        self._batches = BatchDataset(dataset, self._windows, self._order, keys)
        self._held, self._hold_is = held_poses(dataset, self._windows)
        stats = dataset.stats[config.action_key]
        self._joints = JointScale(dataset.spec.action.labels, stats.max - stats.min)

    def run(
        self,
        policy: VitaPolicy,
        weights: Mapping[str, Tensor] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        on_progress: Progress = no_progress,
    ) -> tuple[Validation, tuple[Example, ...]] | None:
        """Measure a policy, which afterwards is to the bit what it was, as are torch's random numbers.

        Args:
            policy: on its device.
            weights: to use instead of its own, by parameter name (averaged weights).
            interrupted: asked between batches; True ends the run.
            on_progress: called with (windows done, windows in all).

        Returns:
            The errors and what to plot, None when interrupted.
        """
        with undisturbed(policy, weights):
            return self._run(policy, interrupted, on_progress)

    def _run(
        self, policy: VitaPolicy, interrupted: Callable[[], bool], on_progress: Progress
    ) -> tuple[Validation, tuple[Example, ...]] | None:
        config, count = self._config, len(self._windows)
        own, hold = (ErrorSum(config.action_dim, config.action_horizon) for _ in range(2))
        losses: dict[str, float] = defaultdict(float)
        to_show = sum(self._dataset.length(episode) for episode in self._shown)
        shown: list[Actions] = []
        on_progress(0, count)
        for number in range(len(self._order)):
            if interrupted():
                return None
            windows, batch = self._order.batch(number), self._batches[number]
            recorded, is_pad = batch[config.action_key].numpy(), batch[PAD_KEY].numpy()
            means, predicted = _predict(policy, _on_device(batch, policy))
            for name, mean in means.items():
                losses[name] += mean * len(windows) / count
            own.add(predicted, recorded, is_pad)
            hold.add(self._held[windows, None], recorded, is_pad)
            if windows[0] < to_show:
                shown.append(predicted[: to_show - windows[0]])
            on_progress(int(windows[-1]) + 1, count)
        result = Validation(
            episodes=self._episodes,
            windows=count,
            action_horizon=config.action_horizon,
            joints=self._joints,
            policy=own.result(),
            hold=hold.result(),
            hold_is=self._hold_is,
            losses=dict(losses),
        )
        return result, self._examples(policy, shown)

    def _examples(self, policy: VitaPolicy, predicted: list[Actions]) -> tuple[Example, ...]:
        """``predicted`` holds the chunks of all steps of the episodes to show, one after the other."""
        if not self._shown:
            return ()
        # The windows of an episode are its steps, and those to show come first.
        ends = np.cumsum([self._dataset.length(episode) for episode in self._shown])
        begins = np.concatenate(([0], ends[:-1]))
        middles = (begins + ends) // 2
        flows = decoded_flow(policy, _on_device(self._batches.gather(middles), policy))
        chunks = np.concatenate(predicted)
        return tuple(
            Example(
                episode=episode,
                recorded=self._dataset.action[self._windows.starts[begin:end]],
                predicted=chunks[begin:end],
                flow_step=int(middle - begin),
                flow=flow,
            )
            for episode, begin, end, middle, flow in zip(self._shown, begins, ends, middles, flows, strict=True)
        )


def _predict(policy: VitaPolicy, batch: Batch) -> tuple[dict[str, float], Actions]:
    """The losses of a batch, means over it, and the chunks [B, T, A] that the policy predicts, in robot units."""
    z_obs = policy.encode_observation(batch, batch[policy.config.state_key])
    predicted = decode(policy, policy.flow(z_obs)).cpu().numpy()
    losses = policy.latent_losses(z_obs, batch)
    return {name: float(value) for name, value in losses.items()}, predicted


def _on_device(batch: Batch, policy: VitaPolicy) -> Batch:
    device = next(policy.parameters()).device
    return {key: value.to(device) for key, value in batch.items()}
