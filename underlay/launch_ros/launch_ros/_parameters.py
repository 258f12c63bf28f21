"""What a node is started with, as parameter files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from launch import LaunchContext
from launch.logging import get_logger, launch_config
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from .parameter_descriptions import ParameterFile, evaluate_value


class _Dumper(yaml.SafeDumper):
    """Quotes every text: rcl reads some plain ones as numbers, 1e5 among them, that YAML would not."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def flatten(context: LaunchContext, parameters: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return names and values of a nested dictionary, the names joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + perform_substitutions(context, normalize_to_list_of_substitutions(key))
        if isinstance(value, Mapping):
            flat.update(flatten(context, value, f"{name}."))
        else:
            flat[name] = evaluate_value(context, value)
    return flat


def parameter_files(context: LaunchContext, node_name: str | None, parameters: Iterable[Any]) -> list[str]:
    """Return files that hold the parameters, in order, so that later ones win.

    Dictionaries are written to the log folder of the launch, where they stay to be looked at.

    Args:
        context: the launch context.
        node_name: full name of the node, None when it chooses its own.
        parameters: dictionaries, ParameterFile, or paths as texts or substitutions.
    """
    files = []
    for item in parameters:
        if isinstance(item, Mapping):
            if flat := flatten(context, item):
                files.append(_write(node_name or "/**", flat))
            continue
        path = (item if isinstance(item, ParameterFile) else ParameterFile(item)).evaluate(context)
        if path.is_file():
            files.append(str(path))
        else:
            get_logger("launch_ros").warning("Parameter file path is not a file: %s", path)
    return files


def _write(node_name: str, parameters: Mapping[str, Any]) -> str:
    handle, path = tempfile.mkstemp(prefix="launch_params_", suffix=".yaml", dir=launch_config.log_dir)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        yaml.dump({node_name: {"ros__parameters": dict(parameters)}}, file, Dumper=_Dumper)
    return path
