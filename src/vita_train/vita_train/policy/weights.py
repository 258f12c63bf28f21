"""The weights file: reading it, and comparing it with the policy that is to use it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vita_dataset.errors import DataError
from vita_train.policy.config import VitaConfig
from vita_train.policy.vita import VitaPolicy

WEIGHTS_FILE = "model.safetensors"
LISTED = 6
"""Tensors of one kind that an error names before it only counts."""


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint folder's weights file.

    Raises:
        DataError: no such file, or not a whole safetensors file.
    """
    path = folder / WEIGHTS_FILE
    if path.is_file() and not os.access(path, os.R_OK):
        raise DataError(f"'{path}' may not be read by this user; give read permission to it (chmod a+r)")
    try:
        # Copies: the loaded tensors are a map of the file, unaligned and at the mercy of whoever changes it.
        return {name: tensor.clone() for name, tensor in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise DataError(f"'{path}' is not a whole safetensors file ({error}); copy the checkpoint again") from error


def check_weights(folder: Path, config: VitaConfig, tensors: Mapping[str, Tensor]) -> None:
    """Compare tensors with those that a policy of these settings has.

    Raises:
        DataError: lists the missing, the unexpected, the misshapen, those not float32 and those not finite.
    """
    with torch.device("meta"):
        expected = VitaPolicy(config).state_dict()
    common = sorted(expected.keys() & tensors.keys())
    problems = [
        *listing("missing", sorted(expected.keys() - tensors.keys())),
        *listing("unexpected", sorted(tensors.keys() - expected.keys())),
        *listing(
            "of another shape",
            [
                f"{name} {list(tensors[name].shape)} instead of {list(expected[name].shape)}"
                for name in common
                if tensors[name].shape != expected[name].shape
            ],
        ),
        *listing(
            "not float32", [f"{name} {tensors[name].dtype}" for name in common if tensors[name].dtype != torch.float32]
        ),
        *listing("not finite", [name for name in common if not torch.isfinite(tensors[name]).all()]),
    ]
    if problems:
        raise DataError(
            f"the tensors in '{folder / WEIGHTS_FILE}' do not fit the policy's settings: {'; '.join(problems)}; "
            "use the checkpoint together with the settings that it was trained with"
        )


def listing(what: str, names: list[str]) -> list[str]:
    """What is wrong with some tensors in a few words, as a list of one; empty where none are named."""
    if not names:
        return []
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return [f"{len(names)} {what}: {', '.join(names[:LISTED])}{more}"]
