"""The Lightning trainer of a run: on which processors, and without what this program does itself."""

from __future__ import annotations

from collections.abc import Sequence

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.strategies import DDPStrategy, Strategy

from vita_train.agreement import PATIENCE
from vita_train.policy.config import VitaConfig
from vita_train.policy.reach import untaught_parts
from vita_train.preparation import Preparation


def make_trainer(run: Preparation, loggers: Sequence[Logger], callbacks: Sequence[Callback]) -> Trainer:
    """A trainer for one pass over the loader of ``run``.

    Args:
        run: says on which processors, at which precision, and how many parts one process computes for a step.
        loggers: where metrics go; empty in all processes but one.
        callbacks: in the order in which they are called.
    """
    processes, loop = run.processes, run.settings.loop
    on_gpu = run.device != "cpu"
    trainer = Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        devices=[int(name.partition(":")[2]) for name in processes.devices] if on_gpu else len(processes.devices),
        num_nodes=processes.nodes,
        strategy=_data_parallel(run.config) if processes.together else "auto",
        # The run starts its processes itself, also on a cluster, which Lightning would try to read from its variables.
        plugins=[LightningEnvironment()],
        precision=loop.precision,  # type: ignore[arg-type]
        accumulate_grad_batches=loop.accumulate_grad_batches,
        max_epochs=1,
        logger=list(loggers),
        callbacks=list(callbacks),
        default_root_dir=run.session.root,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    # Lightning tells all processes before each batch whether one got SIGTERM, and waits for the device to do so. Here
    # StopOnSignal does that without waiting.
    trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = _tell_nobody  # type: ignore[method-assign]
    return trainer


def _data_parallel(config: VitaConfig) -> Strategy:
    return DDPStrategy(
        # Looking for parts without a gradient takes time in each step.
        find_unused_parameters=bool(untaught_parts(config)),
        # Statistics and frozen batch norm are the same everywhere from the beginning.
        forward_sync_buffers=False,
        gradient_as_bucket_view=True,
        timeout=PATIENCE,
    )


def _tell_nobody() -> None:
    """In place of Lightning's question after SIGTERM."""
