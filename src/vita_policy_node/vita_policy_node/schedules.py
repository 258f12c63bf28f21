"""From settings to a scheduler: the one place that knows the schedules by name."""

from __future__ import annotations

from vita_policy_node.chunk_actions import Mask
from vita_policy_node.chunk_blend import ChunkBlend
from vita_policy_node.chunk_mixer import ChunkMixer, NewestChunk
from vita_policy_node.chunk_scheduler import ChunkScheduler
from vita_policy_node.schedule_settings import ScheduleSettings
from vita_policy_node.temporal_ensemble import TemporalEnsemble


def make_scheduler(settings: ScheduleSettings, action_horizon: int, mixes: Mask) -> ChunkScheduler:
    """A scheduler without chunks.

    Args:
        settings: which schedule; ``ScheduleSettings.problems`` found none for this policy.
        action_horizon: steps of a chunk that are executed at most.
        mixes: bool [A], the elements of the action that a mean of several chunks makes sense for: no grippers.
    """
    mixer: ChunkMixer = NewestChunk()
    if settings.schedule == "temporal_ensemble":
        mixer = TemporalEnsemble(settings.ensemble_decay, mixes)
    elif settings.schedule == "blend":
        mixer = ChunkBlend(settings.blend_steps, mixes)
    return ChunkScheduler(action_horizon, settings.steps_until_next(action_horizon), mixer)
