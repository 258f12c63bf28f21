"""The arrows of the design: who may import whom. A new arrow is a decision, so it fails here first."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
PURE_DATASET = {
    f"vita_dataset.{name}"
    for name in ("errors", "spec", "stats", "quantiles", "image", "robot", "episode", "bag_reader")
}
OUR_PACKAGES = ("vita_dataset", "vita_train", "vita_policy_node", "vita_msgs", "vita_sim", "vita_bringup")
ROS_CLIENT = ("rclpy", "launch", "launch_ros", "ament_index_python")
HEAVY = ("lightning", "zarr", "fsspec", "hydra", "omegaconf", "pyarrow", "av", "torchvision")


def modules(package):
    folder = SRC / package / package
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(SRC / package).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path):
    """Every module that a file imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrow; write the whole name"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name, packages):
    return any(name == package or name.startswith(package + ".") for package in packages)


def violations(package, forbidden, only=lambda _module: True):
    return [
        f"{module} imports {name}"
        for module, path in modules(package)
        if only(module)
        for name in imports(path)
        if forbidden(name)
    ]


def ours(name, allowed):
    """A module of this workspace that is not among those allowed (a module or a name in it)."""
    return within(name, OUR_PACKAGES) and not within(name, allowed)


def test_every_package_is_looked_at():
    for package in ("vita_dataset", "vita_train", "vita_policy_node", "vita_sim"):
        assert len(list(modules(package))) > 3


def test_dataset_imports_nothing_of_ours_and_no_ros_and_no_torch():
    bad = violations("vita_dataset", lambda n: ours(n, ["vita_dataset"]) or within(n, [*ROS_CLIENT, "torch"]))
    assert not bad


def test_pure_dataset_modules_run_on_the_robot_computer():
    assert not violations(
        "vita_dataset",
        lambda n: within(n, HEAVY) or ours(n, {*PURE_DATASET, "vita_dataset"} if n == "vita_dataset" else PURE_DATASET),
        only=lambda module: module in PURE_DATASET,
    )


def test_the_store_and_the_codec_for_zarr_import_zarr():
    doors = {"vita_dataset.zarr_store", "vita_dataset.jpeg_zarr_codec"}
    assert not violations("vita_dataset", lambda n: within(n, ["zarr"]), only=lambda module: module not in doors)
    assert not violations("vita_train", lambda n: within(n, ["zarr"]))


def test_the_node_reads_bags_as_the_converter_does():
    for package in ("vita_policy_node", "vita_train", "vita_sim"):
        assert not violations(package, lambda n: within(n, ["rosbags"]))


def test_policy_needs_torch_numpy_and_safetensors_only():
    allowed = {*PURE_DATASET, "vita_train.policy"}
    bad = violations(
        "vita_train",
        lambda n: within(n, [*HEAVY, *ROS_CLIENT]) or ours(n, allowed),
        only=lambda module: within(module, ["vita_train.policy"]),
    )
    assert not bad


def test_training_has_no_ros():
    allowed = ["vita_train", "vita_dataset"]
    assert not violations("vita_train", lambda n: within(n, ROS_CLIENT) or ours(n, allowed))


def test_node_uses_the_policy_door_and_the_pure_modules():
    allowed = {*PURE_DATASET, "vita_train.policy", "vita_policy_node", "vita_msgs"}
    assert not violations("vita_policy_node", lambda n: within(n, HEAVY) or ours(n, allowed))


def test_the_simulator_goes_through_the_same_doors():
    """It sees the policy through its door, data through the writers, and nobody but launch files knows it."""
    allowed = {"vita_sim", "vita_dataset", "vita_train.policy", "vita_policy_node", "vita_msgs"}
    shell = {"vita_policy_node.policy_node", "vita_policy_node.parameters"}
    assert not violations("vita_sim", lambda n: within(n, [*HEAVY, *shell]) or ours(n, allowed))
    for package in ("vita_dataset", "vita_train", "vita_policy_node"):
        assert not violations(package, lambda n: within(n, ["vita_sim", "mujoco"]))


SHELLS = {
    "vita_policy_node": {"policy_node", "parameters", "node_process", "node_qos", "node_clocks", "run_policy"},
    "vita_sim": {"sim_robot", "sim_parameters", "run_episodes", "episode_client"},
}


@pytest.mark.parametrize("package", SHELLS)
def test_rclpy_stays_in_the_shell_of_the_nodes(package):
    shell = {f"{package}.{name}" for name in SHELLS[package]}
    assert not violations(package, lambda n: within(n, ["rclpy"]), only=lambda module: module not in shell)


@pytest.mark.parametrize("package", ["vita_dataset", "vita_train", "vita_policy_node"])
def test_package_init_is_a_docstring(package):
    body = ast.parse((SRC / package / package / "__init__.py").read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert ast.get_docstring(ast.Module(body, []))


def test_nothing_in_src_knows_the_stand_ins():
    for path in SRC.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".xml", ".yaml", ".cfg", ".txt"}:
            assert "underlay" not in path.read_text(encoding="utf-8"), path


def test_files_stay_readable():
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("src", "underlay", "scripts", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long


@pytest.mark.parametrize(
    "statement", ["import vita_train.policy.inference", "import vita_dataset.robot, vita_dataset.image"]
)
def test_serving_loads_no_training_library(statement):
    probe = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
