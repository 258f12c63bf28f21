"""``ros2 service call``, ``ros2 param get`` and ``set``, ``ros2 lifecycle get`` and ``set``."""

from __future__ import annotations

from argparse import Namespace

import yaml
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from rcl_interfaces import msg, srv
from rclpy.node import Node
from rclpy.parameter import Parameter, get_parameter_value

from ros2cli.command import CliError, Commands, Verb, argument, say
from ros2cli.interfaces import build, interface_class
from ros2cli.node import absolute, call, cli_node, require_node, wait_until


def _call_service(args: Namespace) -> int:
    """Call a service."""
    service = interface_class(args.service_type, "srv")
    try:
        values = yaml.safe_load(args.values)
    except yaml.YAMLError as error:
        raise CliError(f"The passed value is no YAML: {args.values!r}") from error
    if not isinstance(values, dict):
        raise CliError("The passed value needs to be a dictionary in YAML format")
    request = build(service.Request, values)
    name = absolute(args.service_name)
    with cli_node() as node:
        if name not in dict(node.get_service_names_and_types()):
            say("waiting for service to become available...")
        say(f"requester: making request: {request!r}\n")
        say(f"response:\n{call(node, service, name, request)!r}\n")
    return 0


def _get_parameter(args: Namespace) -> int:
    """Show the value of a parameter."""
    with cli_node() as node:
        name = require_node(node, args.node_name)
        request = srv.GetParameters.Request(names=[args.parameter_name])
        values = call(node, srv.GetParameters, f"{name}/get_parameters", request).values
        if not values:
            raise CliError("Parameter not set")
        kind, array, _ = Parameter.Type(values[0].type).name.lower().partition("_array")
        if kind == "not_set":
            say("Parameter not set.")
        else:
            label = {"bool": "Boolean"}.get(kind, kind.title())
            say(f"{label} {'values are' if array else 'value is'}: {getattr(values[0], f'{kind}{array}_value')}")
    return 0


def _set_parameter(args: Namespace) -> int:
    """Set a parameter."""
    with cli_node() as node:
        name = require_node(node, args.node_name)
        parameter = msg.Parameter(name=args.parameter_name, value=get_parameter_value(args.value))
        request = srv.SetParameters.Request(parameters=[parameter])
        (result,) = call(node, srv.SetParameters, f"{name}/set_parameters", request).results
        reason = f": {result.reason}" if result.reason else ""
        if not result.successful:
            raise CliError(f"Setting parameter failed{reason}")
        say(f"Set parameter successful{reason}")
    return 0


def _require_lifecycle_node(node: Node, name: str) -> str:
    full = absolute(name)
    if not wait_until(lambda: f"{full}/get_state" in dict(node.get_service_names_and_types())):
        raise CliError("Node not found")
    return full


def _get_state(args: Namespace) -> int:
    """Show the state of a lifecycle node."""
    with cli_node() as node:
        name = _require_lifecycle_node(node, args.node_name)
        state = call(node, GetState, f"{name}/get_state", GetState.Request()).current_state
        say(f"{state.label} [{state.id}]")
    return 0


def _change_state(args: Namespace) -> int:
    """Trigger a transition of a lifecycle node."""
    with cli_node() as node:
        name = _require_lifecycle_node(node, args.node_name)
        request = GetAvailableTransitions.Request()
        answer = call(node, GetAvailableTransitions, f"{name}/get_available_transitions", request)
        available: list[Transition] = [item.transition for item in answer.available_transitions]
        chosen = [t for t in available if args.transition in (t.label, str(t.id))]
        if not chosen:
            known = "".join(f"\n- {t.label} [{t.id}]" for t in available)
            raise CliError(f"Unknown transition requested, available ones are:{known}")
        if not call(node, ChangeState, f"{name}/change_state", ChangeState.Request(transition=chosen[0])).success:
            raise CliError("Transitioning failed")
        say("Transitioning successful")
    return 0


NODE = argument("node_name")
PARAMETER = argument("parameter_name")

COMMANDS: Commands = {
    "service": {
        "call": Verb(
            _call_service,
            argument("service_name", help="for example /vita_policy/start"),
            argument("service_type", help="for example std_srvs/srv/Trigger"),
            argument("values", nargs="?", default="{}", help="fields of the request in YAML, for example '{a: 1}'"),
        )
    },
    "param": {
        "get": Verb(_get_parameter, NODE, PARAMETER),
        "set": Verb(_set_parameter, NODE, PARAMETER, argument("value", help="in YAML: 1 is an integer, 1.0 a double")),
    },
    "lifecycle": {
        "get": Verb(_get_state, NODE),
        "set": Verb(_change_state, NODE, argument("transition", help="label or number, for example configure")),
    },
}
