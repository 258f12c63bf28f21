"""What every variant of the comparison gets: the same demonstrations, network sizes, steps and starts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from vita_dataset.errors import UsageError
from vita_dataset.spec import DatasetSpec
from vita_sim.episode import FIRST_SEED
from vita_train.policy.config import ActionAutoencoderConfig, FlowNetConfig, VitaConfig
from vita_train.settings import OptimizerSettings

PLAN_FILE = "plan.json"


@dataclass(frozen=True)
class Plan:
    """The conditions of a comparison.

    Attributes:
        train_episodes: demonstrations that training sees, the first ones.
        held_out_episodes: further demonstrations, for the error of a chunk.
        camera_size: (height, width) of the simulated cameras [pixels].
        resize_shape: (height, width) that is stored and seen before the crop [pixels].
        crop_shape: (height, width) that the backbone sees [pixels].
        width: of latents and hidden layers.
        layers: of encoder, decoder and velocity network.
        steps: optimisation steps.
        batch_size: samples in each of them.
        lr: largest learning rate.
        warmup_steps: steps until it is reached.
        seeds: how many trainings of each variant; they differ in weights, order of samples, crops and flow times.
        starts: closed-loop episodes of each training.
        time_limit_s: simulated time to succeed in one [s].
        rounds: of the latency's measurement.
    """

    train_episodes: int = 50
    held_out_episodes: int = 20
    camera_size: tuple[int, int] = (240, 320)
    resize_shape: tuple[int, int] = (96, 128)
    crop_shape: tuple[int, int] = (90, 124)
    width: int = 256
    layers: int = 2
    steps: int = 700
    batch_size: int = 32
    lr: float = 1e-3
    warmup_steps: int = 100
    seeds: int = 3
    starts: int = 40
    time_limit_s: float = 15.0
    rounds: int = 100

    @property
    def episodes(self) -> int:
        """Demonstrations in all."""
        return self.train_episodes + self.held_out_episodes

    @property
    def optimizer(self) -> OptimizerSettings:
        """AdamW with the product's defaults but for the learning rate."""
        return OptimizerSettings(lr=self.lr, warmup_steps=self.warmup_steps)

    def start_seeds(self, seed: int) -> range:
        """The starts of training ``seed`` in the simulator: unseen, the same for all variants, others for each seed."""
        return range(FIRST_SEED + seed * self.starts, FIRST_SEED + (seed + 1) * self.starts)

    def policy_config(self, spec: DatasetSpec) -> VitaConfig:
        """The settings from which every variant is made."""
        return VitaConfig(
            image_keys=tuple(camera.key for camera in spec.cameras),
            state_dim=spec.state.dim,
            action_dim=spec.action.dim,
            state_key=spec.state.key,
            action_key=spec.action.key,
            resize_shape=self.resize_shape,
            crop_shape=self.crop_shape,
            observer="small",
            latent_dim=self.width,
            flow_net=FlowNetConfig(hidden_dim=self.width, num_layers=self.layers),
            action_ae=ActionAutoencoderConfig(
                enc_hidden_dim=self.width, dec_hidden_dim=self.width, num_layers=self.layers
            ),
        )


FULL = Plan()
QUICK = replace(
    FULL,
    train_episodes=2,
    held_out_episodes=1,
    camera_size=(48, 64),
    resize_shape=(48, 64),
    crop_shape=(44, 60),
    width=32,
    layers=1,
    steps=3,
    batch_size=4,
    warmup_steps=1,
    seeds=1,
    starts=1,
    time_limit_s=1.0,
    rounds=3,
)
"""Shows that everything works; the numbers mean nothing."""


def claim(folder: Path, plan: Plan) -> None:
    """Begin in a folder, or go on there: results of different conditions must not meet in one table.

    Raises:
        UsageError: the folder holds results of another plan.
    """
    file, text = folder / PLAN_FILE, json.dumps(asdict(plan), indent=2) + "\n"
    if file.exists():
        if file.read_text(encoding="utf-8") != text:
            raise UsageError(f"'{file}' describes other conditions than those asked for now; choose another --out")
        return
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
