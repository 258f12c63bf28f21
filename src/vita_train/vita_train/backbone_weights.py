"""Weights of a ResNet-18 from a local file, for the image backbone of a new run to start from."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from vita_dataset.errors import DataError
from vita_train.policy.resnet import ResNet18
from vita_train.policy.weights import listing

OWN_PREFIX = "observer.backbone."
"""Before the names of a backbone that lies in a whole policy's ``model.safetensors``."""

LEFT_OUT = ("fc.", "num_batches_tracked")
"""Begin or end of names in torchvision's files that nothing here has: the classifier, and counters of training."""


@dataclass(frozen=True, eq=False)
class BackboneWeights:
    """A whole ResNet-18 in memory.

    Attributes:
        path: the file.
        sha256: its digest, hexadecimal: tells later which weights a run began with.
        of_policy: whether it is a trained policy's file, and not torchvision's.
        tensors: by the names of ``ResNet18.state_dict``, float32.
    """

    path: Path
    sha256: str
    of_policy: bool
    tensors: Mapping[str, Tensor]


def read_backbone_weights(path: Path) -> BackboneWeights:
    """Read a file with torchvision's names (``layer1.0.conv1.weight``) or those of a policy of ours or the original's.

    Nothing in the file is executed.

    Args:
        path: ``.safetensors``, or ``.pth`` or ``.pt`` as ``torch.save`` writes a state_dict.

    Raises:
        DataError: no such file or of another kind, or its tensors are not exactly those of a ResNet-18; lists them.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"backbone_weights '{path}' cannot be read ({error.strerror}); give a file of ResNet-18 weights"
        ) from error
    stored = _tensors(path, content)
    of_policy = any(name.startswith(OWN_PREFIX) for name in stored)
    if of_policy:
        stored = {name.removeprefix(OWN_PREFIX): stored[name] for name in stored if name.startswith(OWN_PREFIX)}
    named = {name: stored[name] for name in stored if not (name.startswith(LEFT_OUT[0]) or name.endswith(LEFT_OUT[1]))}
    problems = list(_problems(named))
    if problems:
        raise DataError(
            f"the tensors in '{path}' are not those of a ResNet-18: {'; '.join(problems)}; give the weights of "
            "torchvision's resnet18, or a policy's model.safetensors with that backbone"
        )
    tensors = {name: tensor.float() for name, tensor in named.items()}
    return BackboneWeights(path, hashlib.sha256(content).hexdigest(), of_policy, tensors)


def backbone_advice(
    weights: BackboneWeights | None, observer: str, image_keys: Iterable[str], overridden: Container[str]
) -> Iterator[str]:
    """What to say about the backbone of a new run.

    Args:
        weights: what it starts from.
        observer: ``policy.observer``.
        image_keys: the cameras.
        overridden: keys in ``task.override_stats``.
    """
    if weights is None and observer == "resnet18":
        yield (
            "the backbone starts from random weights, which needs more data and steps than trained ones; if you have a "
            "file of ResNet-18 weights, begin the run with backbone_weights=<file>"
        )
    plain = [key for key in image_keys if key not in overridden]
    if weights is not None and not weights.of_policy and plain:
        yield (
            f"backbone_weights '{weights.path}' will see {', '.join(plain)} scaled by the dataset's own statistics; "
            "weights made with ImageNet expect its mean [0.485, 0.456, 0.406] and std [0.229, 0.224, 0.225], which "
            "task.override_stats can set"
        )


def _tensors(path: Path, content: bytes) -> dict[str, Tensor]:
    if path.suffix not in (".safetensors", ".pth", ".pt"):
        raise DataError(f"backbone_weights '{path}' must end in .safetensors, .pth or .pt; give such a file")
    try:
        # weights_only: the loader builds tensors and plain containers, and refuses whatever would run code.
        loaded = load(content) if path.suffix == ".safetensors" else _load_torch(content)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"backbone_weights '{path}' is no whole file of tensors ({reason}); copy it again") from error
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise DataError(f"backbone_weights '{path}' must hold tensors by name; save the network's state_dict alone")
    return {str(name): tensor for name, tensor in loaded.items()}


def _load_torch(content: bytes) -> object:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _problems(tensors: Mapping[str, Tensor]) -> Iterator[str]:
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in ResNet18().state_dict().items()}
    common = sorted(expected.keys() & tensors.keys())
    yield from listing("missing", sorted(expected.keys() - tensors.keys()))
    # A deeper ResNet holds every tensor of this one, and would be cut short without a word.
    yield from listing("unexpected", sorted(tensors.keys() - expected.keys()))
    yield from listing(
        "of another shape",
        [
            f"{name} {list(tensors[name].shape)} instead of {list(expected[name])}"
            for name in common
            if tensors[name].shape != expected[name]
        ],
    )
    yield from listing("not of a float type", [name for name in common if not tensors[name].is_floating_point()])
    yield from listing("not finite", [name for name in common if not torch.isfinite(tensors[name]).all()])
