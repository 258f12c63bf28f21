"""Some episodes and some cameras of a dataset, as a dataset of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vita_dataset.content_hash import hash_text
from vita_dataset.episode import Episode
from vita_dataset.sources import EpisodeSource


class SelectedSource:
    """Some episodes and cameras of another source, in which errors and notes keep that source's numbers.

    Attributes:
        spec: what it holds.
        left_out: features that are not read or not wanted.
    """

    def __init__(self, source: EpisodeSource, episodes: Sequence[int], cameras: Sequence[str]) -> None:
        """See ``select``."""
        self._source = source
        self._episodes = tuple(episodes)
        spec = source.spec
        self.spec = replace(spec, cameras=tuple(camera for camera in spec.cameras if camera.key in cameras))
        dropped = [camera.key for camera in spec.cameras if camera.key not in cameras]
        self.left_out: Sequence[str] = [*source.left_out, *dropped]

    @property
    def notes(self) -> list[str]:
        """What was read in spite of how it was written; grows while reading."""
        return self._source.notes

    @property
    def episode_count(self) -> int:
        """The number of episodes."""
        return len(self._episodes)

    def source_episode(self, index: int) -> int:
        """The number that an episode has where it was recorded."""
        return self._source.source_episode(self._episodes[index])

    def length(self, index: int) -> int:
        """The steps of an episode."""
        return self._source.length(self._episodes[index])

    def episode(self, index: int) -> Episode:
        """One episode under its new number."""
        episode = self._source.episode(self._episodes[index])
        frames = {camera.key: episode.frames[camera.key] for camera in self.spec.cameras}
        return Episode(replace(episode.table, index=index), frames)

    def fingerprint(self, episodes: Sequence[int] | None = None) -> str:
        """The hash of all that was recorded of these episodes, and of which they are where they are not all.

        Files of episodes that were left out are not read: they may be what is damaged.
        """
        taken = self._episodes if episodes is None else tuple(self._episodes[index] for index in episodes)
        if taken == tuple(range(self._source.episode_count)):
            return self._source.fingerprint()
        return hash_text(f"{self._source.fingerprint(taken)} episodes {','.join(str(number) for number in taken)}")
