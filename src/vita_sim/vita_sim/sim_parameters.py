"""Declares the parameters of this package's nodes from their tables of settings, and takes changes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from vita_dataset.errors import DataError, VitaError
from vita_policy_node.setting import Setting

_NOT_OURS = ("use_sim_time", "start_type_description_service", "qos_overrides.")


def declare_settings(node: Node, settings: Sequence[Setting]) -> dict[str, Any]:
    """Declare every setting as a parameter with its description.

    The node must be created with ``automatically_declare_parameters_from_overrides``: so a misspelt parameter is seen
    here, while ROS by itself would ignore it.

    Returns:
        The values that the node was started with, by name. Their types and ranges are not checked.

    Raises:
        DataError: lists every unknown parameter.
    """
    known = [setting.name for setting in settings]
    unknown = []
    for name in parameter_values(node):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            unknown.append(f"parameter '{name}' is not known" + (f"; did you mean '{near[0]}'?" if near else ""))
    if unknown:
        raise DataError("; ".join(unknown))
    for setting in settings:
        text = setting.description + (f" [{setting.unit}]" if setting.unit else "")
        # Types are checked where the values are read: there 1 is as good as 1.0, as people type it.
        descriptor = ParameterDescriptor(description=text, dynamic_typing=True)
        if node.has_parameter(setting.name):
            node.set_descriptor(setting.name, descriptor)
        else:
            node.declare_parameter(setting.name, setting.default, descriptor)
    return parameter_values(node)


def parameter_values(node: Node) -> dict[str, Any]:
    """The node's parameters by name, without those that every node has."""
    values = {name: parameter.value for name, parameter in node.get_parameters_by_prefix("").items()}
    return {name: value for name, value in values.items() if not name.startswith(_NOT_OURS)}


def on_change(node: Node, changeable: Collection[str], apply: Callable[[dict[str, Any]], None]) -> None:
    """Take changes of parameters while the node runs.

    Args:
        node: whose parameters.
        changeable: the names of those that may change.
        apply: called with all values as they will be; a ``VitaError`` from it refuses the change.
    """

    def change(parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        changes = {parameter.name: parameter.value for parameter in parameters}
        fixed = [name for name in changes if name not in changeable and not name.startswith(_NOT_OURS)]
        if fixed:
            return SetParametersResult(successful=False, reason=f"{fixed} are read when the node starts; start it anew")
        try:
            apply({**parameter_values(node), **changes})
        except VitaError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(change)
