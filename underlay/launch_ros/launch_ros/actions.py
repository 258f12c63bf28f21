"""What a launch description can do with ROS nodes."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import get_package_prefix
from launch import LaunchContext, SomeSubstitutionsType
from launch.actions import ExecuteProcess, OpaqueFunction
from launch.logging import get_logger, launch_config
from launch.substitutions import SubstitutionFailure, to_text

from ._lifecycle import LifecycleLink
from .parameter_descriptions import ParameterFile, evaluate_value

# The keys of launch configurations that hold them: GroupAction thereby scopes them with the others.
_NAMESPACE = "ros_namespace"
_PARAMETERS = "global_params"


def _join(outer: str, inner: str) -> str:
    """Return ``inner`` below ``outer``, or alone when it is absolute; always absolute, '/' when both are empty."""
    return "/" + (inner if inner.startswith("/") else f"{outer}/{inner}").strip("/")


class PushRosNamespace(OpaqueFunction):
    """Puts the nodes that follow in the same scope below a namespace."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        def push(context: LaunchContext) -> None:
            settings = context.launch_configurations
            settings[_NAMESPACE] = _join(settings.get(_NAMESPACE, ""), to_text(context, namespace))

        super().__init__(function=push, **kwargs)


PushROSNamespace = PushRosNamespace


class SetParameter(OpaqueFunction):
    """Sets a parameter of the nodes that follow in the same scope; a node's own value wins."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        def add(context: LaunchContext) -> None:
            settings = context.launch_configurations
            one = {to_text(context, name): evaluate_value(context, value)}
            settings[_PARAMETERS] = {**settings.get(_PARAMETERS, {}), **one}  # new: the scope outside keeps its own

        super().__init__(function=add, **kwargs)


class Node(ExecuteProcess):
    """Runs an executable of a package, or the one at a path, as a node.

    Of its parameters (dictionaries, files or paths) later ones win, except that those for a node by name win over
    those for all nodes. Its namespace is below that of PushRosNamespace, unless it is absolute.
    """

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Sequence[ParameterFile | SomeSubstitutionsType | Mapping[Any, Any]] | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cmd=[executable, *(arguments or [])], name=exec_name, **kwargs)
        if isinstance(parameters, (str, Mapping)):
            raise TypeError(f"parameters of a Node expected a list of dictionaries and files, got {parameters!r}")
        self._package = package
        self._own_name = name
        self._namespace = namespace
        self._parameters = list(parameters or [])
        self._remappings = list(remappings or [])
        self._ros_arguments = list(ros_arguments or [])
        self._full_name: str | None = None

    @property
    def node_name(self) -> str:
        """Namespace and name of the node; RuntimeError before it is executed or when it has no name here."""
        if self._full_name is None:
            raise RuntimeError("the name of a node is known when it is executed, if the launch file gives it one")
        return self._full_name

    def _command(self, context: LaunchContext) -> list[str]:
        executable, *arguments = super()._command(context)
        if self._package is not None:
            executable = _find_executable(executable, to_text(context, self._package))
        settings = context.launch_configurations
        rules = [f"{to_text(context, source)}:={to_text(context, target)}" for source, target in self._remappings]
        namespace = settings.get(_NAMESPACE, "")
        if namespace or self._namespace:
            namespace = _join(namespace, to_text(context, self._namespace or ""))
            rules.append(f"__ns:={namespace}")
        if self._own_name is not None:
            name = to_text(context, self._own_name)
            rules.append(f"__node:={name}")
            self._full_name = f"{namespace.rstrip('/')}/{name}"
        ros_arguments = [to_text(context, argument) for argument in self._ros_arguments]
        for rule in rules:
            ros_arguments += ["-r", rule]
        scoped = _files(context, None, [settings.get(_PARAMETERS, {})])
        for file in itertools.chain(scoped, _files(context, self._full_name, self._parameters)):
            ros_arguments += ["--params-file", file]
        return [executable, *arguments, "--ros-args", *ros_arguments]


class LifecycleNode(Node):
    """Runs a node whose transitions are asked for by ChangeState and reported by StateTransition events."""

    def __init__(self, *, name: SomeSubstitutionsType, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(name=name, namespace=namespace, **kwargs)

    def execute(self, context: LaunchContext) -> None:
        """Start the node and listen to it."""
        super().execute(context)
        if not context.is_shutdown:
            LifecycleLink(self, context)


def _find_executable(executable: str, package: str) -> str:
    folder = Path(get_package_prefix(package)) / "lib" / package
    if not os.access(folder / executable, os.X_OK):
        raise SubstitutionFailure(f"executable '{executable}' not found on the libexec directory '{folder}'")
    return str(folder / executable)


def _flatten(context: LaunchContext, parameters: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return names and values of a nested dictionary, the names joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + to_text(context, key)
        nested = isinstance(value, Mapping)
        flat |= _flatten(context, value, f"{name}.") if nested else {name: evaluate_value(context, value)}
    return flat


class _Dumper(yaml.SafeDumper):
    """Quotes every text: rcl reads some plain ones as numbers, 1e5 among them, that YAML would not."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _files(context: LaunchContext, node_name: str | None, parameters: Iterable[Any]) -> Iterator[str]:
    """Yield files that hold the parameters, in order; those of dictionaries stay in the log folder of the launch."""
    for item in parameters:
        if not isinstance(item, Mapping):
            path = item.evaluate(context) if isinstance(item, ParameterFile) else Path(to_text(context, item))
            if path.is_file():
                yield str(path)
            else:
                get_logger("launch_ros").warning("Parameter file path is not a file: %s", path)
        elif item:
            content = {node_name or "/**": {"ros__parameters": _flatten(context, item)}}
            handle, name = tempfile.mkstemp(prefix="launch_params_", suffix=".yaml", dir=launch_config.log_dir)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                yaml.dump(content, file, Dumper=_Dumper)
            yield name
