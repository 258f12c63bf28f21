from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from std_srvs.srv import SetBool

from vita_dataset.errors import DataError
from vita_msgs.srv import LoadCheckpoint
from vita_policy_node.node_services import NodeServices


class Operated:
    """A node that keeps account of what it was asked for."""

    def __init__(self) -> None:
        self.serving: Any = SimpleNamespace(policy=SimpleNamespace(step=1))
        self.running = False
        self.asked: list[str] = []
        self.services: dict[str, Callable[..., Any]] = {}

    def create_service(self, _kind: type, name: str, callback: Callable[..., Any]) -> None:
        self.services[name] = callback

    def start(self) -> str:
        self.asked.append("start")
        return ""

    def stop(self) -> str:
        self.asked.append("stop")
        return ""

    def reset(self) -> str:
        return "the node is not configured"

    def parameters(self) -> dict[str, Any]:
        return {"device": "cpu", "checkpoint": "old"}

    def adopt(self, serving: Any) -> None:
        self.serving = serving

    def guarded(self, action: Callable[[], Any], _fallback: Any) -> Any:
        return action()


class Loader:
    """Loads what it is told, at once or after ``done`` is set."""

    def __init__(self) -> None:
        self.busy, self.done = False, True
        self.loaded: Any = SimpleNamespace(policy=SimpleNamespace(step=2))
        self.parameters: dict[str, Any] = {}

    def begin(self, parameters: dict[str, Any]) -> None:
        self.busy, self.parameters = True, parameters

    def take(self) -> Any:
        self.busy = False
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.fixture
def node() -> Operated:
    return Operated()


@pytest.fixture
def loader(node: Operated) -> Loader:
    loader = Loader()
    NodeServices(node, node, loader)
    return loader


def load(node: Operated) -> Any:
    return node.services["~/load_checkpoint"](LoadCheckpoint.Request(path="new"), LoadCheckpoint.Response())


def answer(coroutine: Any) -> LoadCheckpoint.Response:
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize(
    ("running", "data", "asked"),
    [(False, True, ["start"]), (True, True, []), (True, False, ["stop"]), (False, False, ["stop"])],
)
def test_the_switch_may_say_the_same_again(node, loader, running, data, asked):
    node.running = running
    assert node.services["~/set_enabled"](SetBool.Request(data=data), SetBool.Response()).success
    assert node.asked == asked


def test_a_checkpoint_is_loaded_with_the_node_s_parameters_and_then_adopted(node, loader):
    response = answer(load(node))
    assert (response.success, response.message, response.step) == (True, "", 2)
    assert loader.parameters == {"device": "cpu", "checkpoint": "new"}
    assert node.serving is loader.loaded


def test_the_old_one_stays_when_the_new_one_does_not_fit(node, loader):
    loader.loaded = DataError("joint 'a' is missing")
    response = answer(load(node))
    assert (response.success, response.step) == (False, 1)
    assert response.message == "the checkpoint in use stays: joint 'a' is missing"


def test_it_is_refused_while_running_while_another_is_loading_and_before_configure(node, loader):
    node.running = True
    assert "running" in answer(load(node)).message
    node.running, loader.busy = False, True
    assert "another checkpoint" in answer(load(node)).message
    node.serving = None
    assert "not configured" in answer(load(node)).message
    assert not loader.parameters


@pytest.mark.parametrize("meanwhile", [None, SimpleNamespace(policy=SimpleNamespace(step=7))])
def test_nothing_is_exchanged_when_the_node_was_cleaned_up_while_it_loaded(node, loader, meanwhile):
    loader.done = False
    waiting = load(node)
    waiting.send(None)
    node.serving, loader.done = meanwhile, True
    assert "cleaned up meanwhile" in answer(waiting).message
    assert node.serving is meanwhile


def test_parameters_may_change_while_it_loads(node, loader):
    loader.done = False
    waiting = load(node)
    waiting.send(None)
    node.serving, loader.done = SimpleNamespace(policy=node.serving.policy), True
    assert answer(waiting).success
