"""``ros2 lifecycle get`` and ``set``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from rclpy.node import Node

from ros2cli.command import Command, Verb
from ros2cli.errors import CliError
from ros2cli.node import absolute, call, cli_node, wait_until
from ros2cli.output import say, warn

GET_STATE = "/get_state"


def _lifecycle_nodes(node: Node) -> list[str]:
    return sorted(
        name.removesuffix(GET_STATE)
        for name, types in node.get_service_names_and_types()
        if name.endswith(GET_STATE) and "lifecycle_msgs/srv/GetState" in types
    )


def _require(node: Node, name: str) -> str:
    full = absolute(name)
    if not wait_until(lambda: full in _lifecycle_nodes(node)):
        raise CliError("Node not found")
    return full


def _state(node: Node, name: str) -> str:
    state = call(node, GetState, f"{name}{GET_STATE}", GetState.Request()).current_state
    return f"{state.label} [{state.id}]"


def _get_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("node_name", nargs="?", help="all lifecycle nodes unless given")


def _get(args: Namespace) -> int:
    with cli_node() as node:
        if args.node_name:
            say(_state(node, _require(node, args.node_name)))
            return 0
        wait_until(lambda: bool(_lifecycle_nodes(node)))
        for name in _lifecycle_nodes(node):
            say(f"{name}: {_state(node, name)}")
        return 0
    return 1


def _set_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("node_name")
    parser.add_argument("transition", help="label or number, for example configure, activate, deactivate, cleanup")


def _set(args: Namespace) -> int:
    with cli_node() as node:
        name = _require(node, args.node_name)
        answer = call(
            node, GetAvailableTransitions, f"{name}/get_available_transitions", GetAvailableTransitions.Request()
        )
        available: list[Transition] = [item.transition for item in answer.available_transitions]
        chosen = [t for t in available if args.transition in (t.label, str(t.id))]
        if not chosen:
            known = "".join(f"\n- {t.label} [{t.id}]" for t in available)
            raise CliError(f"Unknown transition requested, available ones are:{known}")
        request = ChangeState.Request(transition=Transition(id=chosen[0].id, label=chosen[0].label))
        if call(node, ChangeState, f"{name}/change_state", request).success:
            say("Transitioning successful")
            return 0
        warn("Transitioning failed")
    return 1


COMMAND = Command(
    "ros2lifecycle",
    "Show and change the states of lifecycle nodes",
    {
        "get": Verb("Show the state of one or all lifecycle nodes", _get_arguments, _get),
        "set": Verb("Trigger a transition of a lifecycle node", _set_arguments, _set),
    },
)
