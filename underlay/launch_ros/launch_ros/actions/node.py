"""The action that runs a ROS node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.actions import ExecuteProcess
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from .._parameters import parameter_files
from ..parameter_descriptions import ParameterFile
from ..substitutions import ExecutableInPackage
from .scoped import NAMESPACE, PARAMETERS, REMAPS, join_namespace


class Node(ExecuteProcess):
    """Runs an executable of a package as a node.

    Args:
        executable: its name in the package, or a path when there is no package.
        package: the package.
        name: name of the node; None for the one that it gives itself.
        namespace: below that of PushRosNamespace, unless it is absolute.
        exec_name: name in the log; the executable's by default.
        parameters: dictionaries (nested ones are joined by dots), ParameterFile or paths; later ones win, except
            that those for a node by name win over those for all nodes.
        remappings: pairs of names.
        ros_arguments: put after --ros-args.
        arguments: the program's own.
        **kwargs: those of ExecuteProcess.
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
        program = executable if package is None else ExecutableInPackage(executable, package)
        super().__init__(cmd=[program, *(arguments or [])], name=exec_name, **kwargs)
        if isinstance(parameters, (str, Mapping)):
            raise TypeError(f"parameters of a Node expected a list of dictionaries and files, got {parameters!r}")
        self._node_name = name
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

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Start the node."""
        self.cmd = [*self.cmd, "--ros-args", *self._ros_arguments, *self._ros_args(context)]
        return super().execute(context)

    def _ros_args(self, context: LaunchContext) -> list[str]:
        def text(subs: SomeSubstitutionsType) -> str:
            return perform_substitutions(context, normalize_to_list_of_substitutions(subs))

        settings = context.launch_configurations
        rules: list[str] = []
        outer = settings.get(NAMESPACE, "")
        namespace = join_namespace(outer, text(self._namespace or "")) if outer or self._namespace else None
        if self._node_name is not None:
            name = text(self._node_name)
            rules.append(f"__node:={name}")
            self._full_name = f"{(namespace or '').rstrip('/')}/{name}"
        if namespace is not None:
            rules.append(f"__ns:={namespace}")
        pairs = [*settings.get(REMAPS, []), *self._remappings]
        rules.extend(f"{text(source)}:={text(target)}" for source, target in pairs)
        files = parameter_files(context, None, [dict(settings.get(PARAMETERS, []))])
        files += parameter_files(context, self._full_name, self._parameters)
        return [word for rule in rules for word in ("-r", rule)] + [
            word for file in files for word in ("--params-file", file)
        ]
