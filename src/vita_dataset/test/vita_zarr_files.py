"""A dataset as the original VITA code wrote it: zarr v2, config.json first."""

import json

import numpy as np
import zarr
from numcodecs import Blosc

CODEC = Blosc(cname="zstd", clevel=5, shuffle=Blosc.BITSHUFFLE)
FRONT, WRIST = "observation.images.front", "observation.images.wrist"
NAMES = ["pan", "lift", "gripper"]


def content(lengths=(5, 7, 3), size=(16, 24)):
    """All arrays by key, and the ends of the episodes."""
    steps = sum(lengths)
    draw = np.random.default_rng(0)
    arrays = {key: draw.integers(0, 256, (steps, *size, 3), dtype=np.uint8) for key in (FRONT, WRIST)}
    arrays |= {key: draw.normal(size=(steps, 3)).astype(np.float32) for key in ("observation.state", "action")}
    within = np.concatenate([np.arange(length) for length in lengths])
    arrays["timestamp"] = (within / 10).astype(np.float32)
    arrays["frame_index"] = within
    arrays["episode_index"] = np.repeat(np.arange(len(lengths)), lengths)
    arrays["index"] = np.arange(steps)
    arrays["task_index"] = arrays["episode_index"] % 2
    return arrays, np.cumsum(lengths)


def write_vita_zarr(root, lengths=(5, 7, 3), size=(16, 24), image_chunk=None):
    """Write the dataset.

    Args:
        root: the folder to make.
        lengths: steps of each episode.
        size: height and width of the images as stored; config.json says twice of it, as after a resize.
        image_chunk: its shape; None: four whole images.
    """
    arrays, ends = content(lengths, size)
    features = {
        key: {"dtype": "video", "shape": [2 * size[0], 2 * size[1], 3], "names": None} for key in (FRONT, WRIST)
    }
    features |= {key: {"dtype": "float32", "shape": [3], "names": NAMES} for key in ("observation.state", "action")}
    features["timestamp"] = {"dtype": "float32", "shape": [1], "names": None}
    root.mkdir(parents=True)
    config = {
        "repo_id": "/".join(root.parts[-2:]),
        "num_frames": int(ends[-1]),
        "num_episodes": len(ends),
        "features": features,
        "camera_keys": [FRONT, WRIST],
        "fps": 10,
        "tasks": {"0": "pick", "1": "place"},
        "stats": {},
    }
    (root / "config.json").write_text(json.dumps(config))
    for key, values in arrays.items():
        chunk = (lengths[0], *values.shape[1:]) if values.ndim < 4 else image_chunk or (4, *size, 3)
        write_array(root, f"data/{key}", values, chunk)
    write_array(root, "meta/episode_ends", ends, (8,), None)
    return root


def write_array(root, name, values, chunks, codec=CODEC):
    """As zarr's second version wrote by default: also the chunks that hold zeros only."""
    zarr.open_group(root, mode="a", zarr_format=2).create_array(
        name,
        shape=values.shape,
        chunks=chunks,
        dtype=values.dtype,
        compressors=codec,
        config={"write_empty_chunks": True},
        overwrite=True,
    )[...] = values
