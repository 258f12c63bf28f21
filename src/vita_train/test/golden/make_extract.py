"""Choose from the full golden files what fits into the repository: ``python make_extract.py <folder> extract.npz``.

One image instead of six, the features of all six, a part of each long array, and a corner of each resize case.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WHOLE = (
    *("in_state", "in_action", "norm_state", "norm_action", "backbone_layer4_pooled", "z_obs", "z_act"),
    *("velocity_t", "chunk_normalised", "chunk", "chunk_first8", "recon_normalised", "infonce_zobs_zact"),
    *("infonce_zobs_zpred", "loss_t", "loss_flow", "loss_flc", "loss_fld_l1", "loss_ae_l1", "loss_total"),
    *("grad_norm_keys", "grad_norm_per_key", "grad_norm_obs_encoder", "grad_norm_action_encoder"),
    *("grad_norm_action_decoder", "grad_norm_flow_net", "lr_steps", "lr_multiplier", "ema_steps", "ema_decay"),
)
FIRST_IMAGE = (
    *("prepared_images_sub16", "prepared_images_mean_std", "backbone_relu_pooled", "backbone_maxpool_pooled"),
    *("backbone_layer1_pooled", "backbone_layer2_pooled", "backbone_layer3_pooled"),
)
FIRST_SAMPLE = ("euler_latents", "euler_velocities", "velocity_at_z_obs")
# Rows and columns of the corner kept of each resize case, input and output; the ratio is that of the whole image.
CORNERS = {
    "480x640": ((32, 32), (16, 16)),
    "360x480": ((24, 24), (16, 16)),
    "720x1280": ((24, 32), (8, 8)),
    "120x200": ((6, 10), (12, 16)),
}


def extract(folder: Path) -> dict[str, NDArray[Any]]:
    full = np.load(folder / "golden_a.npz")
    resize = np.load(folder / "golden_a_resize.npz")
    out = {name: full[name] for name in WHOLE}
    out |= {name: full[name][:1] for name in FIRST_IMAGE}
    out |= {name: full[name][:, :1] for name in FIRST_SAMPLE}
    out["time_embed_at_t"] = full["time_embed_at_t"]
    image = full["in_observation.images.image"][0]
    out["image_png"] = cv2.imencode(".png", image[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].reshape(-1)
    for case, ((rows, columns), (out_rows, out_columns)) in CORNERS.items():
        out[f"in_{case}"] = resize[f"in_{case}"][:rows, :columns]
        out[f"out_{case}"] = resize[f"out_{case}"][:, :out_rows, :out_columns]
    entries = json.loads((folder / "keys.json").read_text(encoding="utf-8"))
    out["tensors"] = np.array([f"{entry['key']} {entry['shape']} {entry['crc32']}" for entry in entries])
    return out


if __name__ == "__main__":
    arrays: dict[str, Any] = extract(Path(sys.argv[1]))
    np.savez_compressed(sys.argv[2], **arrays)
