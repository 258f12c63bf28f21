"""One optimisation step of a policy, as Lightning runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from typing_extensions import override

from vita_train.agreement import average
from vita_train.batch_parts import BatchParts
from vita_train.ema import Ema
from vita_train.policy.vita import VitaPolicy
from vita_train.schedule import lr_multiplier
from vita_train.settings import OptimizerSettings
from vita_train.training_state import TrainingState

Losses = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
"""From a batch to its losses by name, as ``VitaPolicy.compute_loss``."""
BACKBONE = "observer.backbone."


class VitaModule(LightningModule):
    """Losses, AdamW, learning rate and moving average of one policy.

    Everything drawn at random in step k (crops, flow times) comes from the seed, k and the part of the batch alone, and
    the learning rate is a function of k, so a resumed run needs no state of either.

    Attributes:
        policy: the network that is trained.
        ema: its averaged weights, None without averaging; made when the fit starts.
        step: optimisation steps done since the very first one of the run.
        stepped: whether the newest part of a batch was the last of its step, so that the weights have changed.
        metrics: the newest step's losses, averaged over its parts and all processes, and "grad_norm", by name; tensors,
            so that nobody waits for the device.
        lr: the newest step's learning rate.
        first_bad_step: the first step whose loss or gradient was not finite, -1 while there is none; a tensor too, and
            the same in all processes.
    """

    def __init__(
        self,
        policy: VitaPolicy,
        optimizer: OptimizerSettings,
        total_steps: int,
        seed: int,
        resume: TrainingState | None = None,
        parts: BatchParts | None = None,
        compute_loss: Losses | None = None,
    ) -> None:
        """Takes the weights to go on from, if there are any.

        Args:
            policy: to train; its weights are laid out for speed.
            optimizer: settings.
            total_steps: of the whole run.
            seed: of everything drawn at random.
            resume: the state to go on from, None for a new run.
            parts: how the batch of a step is cut; None = it is whole.
            compute_loss: instead of the policy's own: the same, compiled.
        """
        super().__init__()
        self.policy = policy
        self.ema: Ema | None = None
        self.step = 0 if resume is None else resume.step
        self.stepped = False
        self.metrics: dict[str, Tensor] = {}
        self.lr = 0.0
        self.first_bad_step = torch.tensor(-1)
        self._settings = optimizer
        self._total_steps = total_steps
        self._seed = seed
        self._resume = resume
        self._parts = BatchParts(1) if parts is None else parts
        self._losses: list[dict[str, Tensor]] = []
        # The order of the numbers in memory that convolutions like best; names and values stay.
        policy.observer.backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's gap
        self._compute_loss: Losses = compute_loss or policy.compute_loss
        if resume is not None:
            policy.load_state_dict(resume.weights)

    @override
    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW over backbone and rest, and the learning rate from the step at which the run stands."""
        settings = self._settings
        named = list(self.policy.named_parameters())
        backbone = [weight for name, weight in named if name.startswith(BACKBONE) and weight.requires_grad]
        rest = [weight for name, weight in named if not name.startswith(BACKBONE) and weight.requires_grad]
        lr_backbone = settings.lr if settings.lr_backbone is None else settings.lr_backbone
        groups: list[dict[str, Any]] = [{"params": rest}, {"params": backbone, "lr": lr_backbone}]
        optimizer = AdamW(
            groups,
            lr=settings.lr,
            betas=settings.betas,
            eps=settings.eps,
            weight_decay=settings.weight_decay,
            # Float16 training rescales gradients between backward and step, which the fused form does inside itself.
            fused=self.trainer.precision != "16-mixed",
        )
        if self._resume is not None:
            # The groups stay as configured now, the moments come from the checkpoint.
            configured = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": self._resume.optimizer, "param_groups": configured})
            lay_out_like_weights(optimizer)
        first = self.step
        scheduler = LambdaLR(
            optimizer, lambda done: lr_multiplier(first + done, settings.warmup_steps, self._total_steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    @override
    def on_fit_start(self) -> None:
        """Start the averages where the weights are by now, on the training device, and the loss scale where it was."""
        self.first_bad_step = self.first_bad_step.to(self.device)
        if self._settings.use_ema:
            self.ema = Ema(self.policy)
            if self._resume is not None and self._resume.ema is not None:
                self.ema.load_state_dict(self._resume.ema)
        # A scaler refuses the empty state of a run that had none.
        if self._resume is not None and self._resume.precision:
            self.trainer.precision_plugin.load_state_dict(dict(self._resume.precision))
        self._resume = None

    @override
    def training_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> Tensor:
        """The loss of one part of a step's batch (see ``VitaPolicy.compute_loss``)."""
        self.stepped = False
        torch.manual_seed(step_seed(self._seed, self.step, self._parts.number(len(self._losses))))
        losses = self._compute_loss(batch)
        self._losses.append({name: value.detach() for name, value in losses.items()})
        return losses["loss"]

    @override
    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm of the whole gradient and keep the norm it had."""
        norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self._settings.grad_clip_norm)
        # A loss that is not finite in one process is not finite in the average: all of them learn of it.
        self.metrics = average(self._losses) | {"grad_norm": norm.detach()}
        self._losses = []
        good = torch.isfinite(self.metrics["loss"])
        # Float16 training finds its scale by overflowing now and then; the scaler skips such a step by itself.
        if self.trainer.precision != "16-mixed":
            good = good & torch.isfinite(norm)
        self.first_bad_step = torch.where(good | (self.first_bad_step >= 0), self.first_bad_step, self.step)

    @override
    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Step the weights and let the averages follow."""
        self.lr = optimizer.param_groups[0]["lr"]
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        self.step += 1
        self.stepped = True
        if self.ema is not None:
            self.ema.update(self.step)


def step_seed(seed: int, step: int, part: int = 0) -> int:
    """A seed for one part of a step, far from those of its neighbours and of neighbouring run seeds."""
    # The odd constants of splitmix64: consecutive inputs land on unrelated 63-bit numbers.
    mixed = seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + part * 0xD6E8FEB86659FD93 + 0x94D049BB133111EB
    mixed &= 2**64 - 1
    return (mixed ^ (mixed >> 31)) & (2**63 - 1)


def lay_out_like_weights(optimizer: Optimizer) -> None:
    """Bring loaded moments into the memory order of their weights, which the fused step takes for granted."""
    for weight, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                state[name] = torch.empty_like(weight).copy_(value)
