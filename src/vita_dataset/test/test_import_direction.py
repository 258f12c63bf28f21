"""The robot computer has numpy, OpenCV and YAML; one library, one file."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vita_dataset

PACKAGE = Path(vita_dataset.__file__).parent
PURE = ("errors", "spec", "stats", "image", "robot", "episode")
OWNERS = {
    "zarr": {"zarr_store", "jpeg_zarr_codec"},
    "fsspec": {"remote_folder"},
    "google_crc32c": {"shards"},
    "pyarrow": {"parquet", "parquet_writer"},
    "av": {"video", "video_encoder", "video_join"},
    "rosbags": {"bag_writer", "bag_reader"},
    "print": {"cli", "cli_bags", "cli_convert"},
}
FORBIDDEN = {"torch", "rclpy", "lightning", "hydra", "vita_train", "vita_policy_node"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield "print"


def test_pure_modules_need_nothing_else():
    code = (
        "import sys\n"
        + "".join(f"import vita_dataset.{name}\n" for name in PURE)
        + "print(sorted({'zarr','pyarrow','av','rosbags','torch','rclpy'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_each_library_has_one_owner(path):
    found = set(imported(path))
    assert not found & FORBIDDEN
    assert {name for name, owners in OWNERS.items() if name in found and path.stem not in owners} == set()
    if path.stem == "__init__":
        assert not found
