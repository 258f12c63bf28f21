"""``ros2 param get`` and ``set``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from rcl_interfaces.msg import Parameter, ParameterType
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import get_parameter_value

from ros2cli.command import Command, Verb
from ros2cli.errors import CliError
from ros2cli.node import call, cli_node, require_node
from ros2cli.output import say, warn

LABELS = {
    ParameterType.PARAMETER_BOOL: ("Boolean value is:", "bool_value"),
    ParameterType.PARAMETER_INTEGER: ("Integer value is:", "integer_value"),
    ParameterType.PARAMETER_DOUBLE: ("Double value is:", "double_value"),
    ParameterType.PARAMETER_STRING: ("String value is:", "string_value"),
    ParameterType.PARAMETER_BYTE_ARRAY: ("Byte values are:", "byte_array_value"),
    ParameterType.PARAMETER_BOOL_ARRAY: ("Boolean values are:", "bool_array_value"),
    ParameterType.PARAMETER_INTEGER_ARRAY: ("Integer values are:", "integer_array_value"),
    ParameterType.PARAMETER_DOUBLE_ARRAY: ("Double values are:", "double_array_value"),
    ParameterType.PARAMETER_STRING_ARRAY: ("String values are:", "string_array_value"),
}


def _get_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("node_name")
    parser.add_argument("parameter_name")
    parser.add_argument("--hide-type", action="store_true", help="show the value only")


def _get(args: Namespace) -> int:
    with cli_node() as node:
        name = require_node(node, args.node_name)
        request = GetParameters.Request(names=[args.parameter_name])
        values = call(node, GetParameters, f"{name}/get_parameters", request).values
        if not values:
            raise CliError("Parameter not set")
        if values[0].type == ParameterType.PARAMETER_NOT_SET:
            say("None" if args.hide_type else "Parameter not set.")
            return 0
        label, field = LABELS[values[0].type]
        value = getattr(values[0], field)
        say(value if args.hide_type else f"{label} {value}")
        return 0
    return 1


def _set_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("node_name")
    parser.add_argument("parameter_name")
    parser.add_argument("value", help="in YAML: 1 is an integer, 1.0 a double, true a boolean, [1, 2] an array")


def _set(args: Namespace) -> int:
    with cli_node() as node:
        name = require_node(node, args.node_name)
        parameter = Parameter(name=args.parameter_name, value=get_parameter_value(args.value))
        (result,) = call(
            node, SetParameters, f"{name}/set_parameters", SetParameters.Request(parameters=[parameter])
        ).results
        reason = f": {result.reason}" if result.reason else ""
        if result.successful:
            say(f"Set parameter successful{reason}")
            return 0
        warn(f"Setting parameter failed{reason}")
    return 1


COMMAND = Command(
    "ros2param",
    "Get and set parameters",
    {
        "get": Verb("Get a parameter", _get_arguments, _get),
        "set": Verb("Set a parameter", _set_arguments, _set),
    },
)
