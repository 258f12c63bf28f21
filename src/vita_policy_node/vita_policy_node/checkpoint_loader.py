"""Loads a checkpoint beside the one in service."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from vita_policy_node.inference_worker import PATIENCE_S
from vita_policy_node.serving import Serving, open_checkpoint


class CheckpointLoader:
    """One checkpoint at a time in a thread of its own, so that callbacks and status go on meanwhile.

    Loading cannot be interrupted: who closes it waits, but not for ever.
    """

    def __init__(self) -> None:
        """Begins without anything to load."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._future: Future[Serving] | None = None

    @property
    def busy(self) -> bool:
        """Whether a checkpoint was asked for and not yet taken."""
        return self._future is not None

    @property
    def done(self) -> bool:
        """Whether there is nothing to wait for."""
        return self._future is None or self._future.done()

    def begin(self, parameters: Mapping[str, Any]) -> None:
        """Load, compare with the robot and warm up what the parameters name; only while not ``busy``."""
        self._future = self._thread.submit(open_checkpoint, parameters)

    def take(self) -> Serving:
        """What was loaded, once; waits for it.

        Raises:
            VitaError: it cannot be served on this robot; see ``open_checkpoint``. A bug is raised as it is.
        """
        future, self._future = self._future, None
        if future is None:
            raise RuntimeError("took a checkpoint that nobody asked for")
        return future.result()

    def close(self, patience_s: float = PATIENCE_S) -> bool:
        """End the thread after what it is loading; False if that does not end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        return self.done or self._future is None or not wait([self._future], patience_s).not_done
