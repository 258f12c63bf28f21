"""The policy: network, normalisation, observation contract and checkpoint. Needs torch, numpy and safetensors only.

What a program that serves a policy needs can be imported from here. It is loaded when it is first asked for, so that
importing a small part of this package, such as the settings, does not load torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vita_train.policy.checkpoint import latest_checkpoint
    from vita_train.policy.inference import load_policy
    from vita_train.policy.observation import ActionChunk, Observation
    from vita_train.policy.observation_history import ObservationHistory
    from vita_train.policy.vita_inference import VitaInference

__all__ = ["ActionChunk", "Observation", "ObservationHistory", "VitaInference", "latest_checkpoint", "load_policy"]

_HOMES = {
    "ActionChunk": "observation",
    "Observation": "observation",
    "ObservationHistory": "observation_history",
    "VitaInference": "vita_inference",
    "latest_checkpoint": "checkpoint",
    "load_policy": "inference",
}
"""Public name -> module of this package."""

if not TYPE_CHECKING:  # or the type checker would take every misspelt name for one of these

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
