"""Parameters that change while the node is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.serving import Serving
from vita_policy_node.settings import read_settings


def retuned(serving: Serving, loop: ControlLoop, parameters: Mapping[str, Any]) -> Serving:
    """Put the live settings to use; between two ticks, in the loop's thread.

    Args:
        serving: what is served, with the settings up to now.
        loop: its control loop.
        parameters: all parameters as they are now; those that are not live have not changed.

    Returns:
        The same service with the settings of now; the very object if they are the same.

    Raises:
        DataError: a parameter has a value that it may not have.
    """
    settings = read_settings(parameters)
    if settings == serving.settings:
        return serving
    loop.retune(settings)
    serving.builder.retune(settings)
    return replace(serving, settings=settings)
