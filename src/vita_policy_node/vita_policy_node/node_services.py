"""The services by which people operate the node; each answers in a sentence why not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from std_srvs.srv import SetBool, Trigger

from vita_dataset.errors import VitaError
from vita_msgs.srv import LoadCheckpoint
from vita_policy_node.checkpoint_loader import CheckpointLoader
from vita_policy_node.diagnostics import INTERNAL_ERROR
from vita_policy_node.policy_run import Termination
from vita_policy_node.serving import Serving
from vita_policy_node.waiting import Until

Result = TypeVar("Result")


class Operated(Protocol):
    """What a node offers to those who operate it. A text says why not; it is empty when done."""

    @property
    def serving(self) -> Serving | None:
        """The checkpoint in service, None while the node is not configured."""
        ...

    @property
    def running(self) -> bool:
        """Whether the policy is started."""
        ...

    def start(self) -> str:
        """Begin commanding."""
        ...

    def stop(
        self, reason: str = "stopped by the operator", termination: Termination = Termination.STOPPED_BY_OPERATOR
    ) -> str:
        """Be idle at once; idempotent."""
        ...

    def reset(self) -> str:
        """Forget the chunks, go on with the next observation."""
        ...

    def parameters(self) -> dict[str, Any]:
        """All parameters by name."""
        ...

    def adopt(self, serving: Serving) -> None:
        """Serve this from now on; only while the policy is idle."""
        ...

    def guarded(self, action: Callable[[], Result], fallback: Result) -> Result:
        """Do it; after an exception log it, stop, and return the fallback."""
        ...


class NodeServices:
    """``~/start``, ``~/stop``, ``~/reset``, ``~/set_enabled`` and ``~/load_checkpoint``."""

    def __init__(self, node: Any, operated: Operated, loader: CheckpointLoader) -> None:
        """``node`` is the ``rclpy.node.Node`` that gets the services; ``operated`` does what they ask for."""
        self._operated, self._loader = operated, loader
        for name, action in (("start", operated.start), ("stop", operated.stop), ("reset", operated.reset)):
            node.create_service(Trigger, f"~/{name}", partial(self._trigger, action))
        node.create_service(SetBool, "~/set_enabled", self._set_enabled)
        node.create_service(LoadCheckpoint, "~/load_checkpoint", self._load_checkpoint)

    def _trigger(
        self, action: Callable[[], str], _request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        response.message = self._operated.guarded(action, INTERNAL_ERROR)
        response.success = not response.message
        return response

    def _set_enabled(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Unlike ``~/start``, it is content with a policy that is already started: a switch may say so again."""
        action: Callable[[], str] = self._operated.stop
        if request.data:
            action = self._operated.start if not self._operated.running else str
        response.message = self._operated.guarded(action, INTERNAL_ERROR)
        response.success = not response.message
        return response

    async def _load_checkpoint(
        self, request: LoadCheckpoint.Request, response: LoadCheckpoint.Response
    ) -> LoadCheckpoint.Response:
        """The executor goes on while it loads; the model in service is idle, so nobody waits for it."""
        before = self._operated.serving
        response.message = self._operated.guarded(partial(self._begin_load, request.path), INTERNAL_ERROR)
        if not response.message:
            await Until(lambda: self._loader.done)
            response.message = self._operated.guarded(partial(self._end_load, before), INTERNAL_ERROR)
        response.success = not response.message
        if self._operated.serving is not None:
            response.step = self._operated.serving.policy.step
        return response

    def _begin_load(self, path: str) -> str:
        if self._operated.serving is None:
            return "the node is not configured; configure loads the parameter 'checkpoint'"
        if self._operated.running:
            return "the policy is running; stop it first"
        if self._loader.busy:
            return "another checkpoint is being loaded; wait for it"
        self._loader.begin({**self._operated.parameters(), "checkpoint": path})
        return ""

    def _end_load(self, before: Serving | None) -> str:
        try:
            serving = self._loader.take()
        except VitaError as error:
            return f"the checkpoint in use stays: {error}"
        now = self._operated.serving
        if now is None or before is None or now.policy is not before.policy:
            return "the node was cleaned up meanwhile; nothing was exchanged"
        self._operated.adopt(serving)
        return ""
