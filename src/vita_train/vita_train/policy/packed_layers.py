"""Layers on a CPU whose weights lie as the library wants them.

oneDNN, the library behind torch's convolutions on a CPU, keeps weights in blocks that suit the processor and the size
of the input. An ordinary convolution rearranges its weights in every call: with one camera a fifth of ResNet-18's time,
whose last convolutions have tens of megabytes of them. Here it is done once. An ordinary linear layer reads its weights
with one thread when there is one sample; here all threads do. The operators are those that torch's own compiler uses.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_operators = torch.ops.mkldnn
_NAMES = (
    "_reorder_convolution_weight",
    "_convolution_pointwise",
    "_reorder_linear_weight",
    "_linear_pointwise",
)


class PackedConv2d(nn.Module):
    """An ``nn.Conv2d`` without gradients, packed for images of one shape; other shapes are correct, but slower."""

    def __init__(self, conv: nn.Conv2d, shape: torch.Size) -> None:
        """Packs a convolution, which stays as it is, for inputs of ``shape`` [M, C, H, W]."""
        super().__init__()
        assert not isinstance(conv.padding, str)
        geometry = [list(conv.padding), list(conv.stride), list(conv.dilation), conv.groups]
        # Not a parameter: only these operators can read the packed form.
        self._weight = _operators._reorder_convolution_weight(conv.weight.detach(), *geometry, list(shape))
        self._bias = None if conv.bias is None else conv.bias.detach().clone()
        self._geometry = geometry

    def forward(self, x: Tensor) -> Tensor:
        """Float32 [M, C, H, W] to float32 [M, C', H', W'], in channels_last order."""
        out: Tensor = _operators._convolution_pointwise(x, self._weight, self._bias, *self._geometry, "none", [], None)
        return out


class PackedLinear:
    """An ``nn.Linear`` without gradients for one vector."""

    def __init__(self, layer: nn.Linear) -> None:
        """Packs a layer, which stays as it is."""
        self._weight = _operators._reorder_linear_weight(layer.weight.detach(), 1)
        self._bias = layer.bias.detach().clone()

    def __call__(self, x: Tensor) -> Tensor:
        """Float32 [in] to float32 [out]."""
        out: Tensor = _operators._linear_pointwise(x[None], self._weight, self._bias, "none", [], None)
        return out[0]


def can_pack(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether this build of torch has packed layers for the device and type."""
    library: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    present = library and all(hasattr(_operators, name) for name in _NAMES)
    return present and device.type == "cpu" and dtype == torch.float32


@torch.no_grad()
def pack_convolutions(net: nn.Module, example: Tensor) -> None:
    """Replace every ``nn.Conv2d`` inside a network by its packed form, each for the size that it meets.

    Args:
        net: a network of one input that is not itself a convolution.
        example: an input of the shape that the network will see.
    """
    sizes: dict[nn.Module, torch.Size] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        sizes[module] = inputs[0].shape

    hooks = [module.register_forward_pre_hook(note) for module in net.modules() if isinstance(module, nn.Conv2d)]
    net(example)
    for hook in hooks:
        hook.remove()
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d):
                setattr(parent, name, PackedConv2d(child, sizes[child]))
