"""What scripts/setup.sh says on a machine that lacks something, and which ROS 2 it chooses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = [
    "bash",
    "dirname",
    "tr",
    "grep",
    "paste",
    "flock",
    "sed",
    "awk",
    "cat",
    "cut",
    "sha256sum",
    "uname",
    "basename",
    "find",
    "sort",
    "tail",
    "rm",
    "mkdir",
    "touch",
]
NEEDED = ["python3", "c++", "cmake", "make"]


@pytest.fixture
def checkout(tmp_path):
    """A copy of what setup reads, so that no test touches the environment it runs in."""
    for part in ("scripts", "requirements"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for part in ("constraints.txt", "colcon.meta"):
        shutil.copy(ROOT / part, tmp_path)
    return tmp_path


def machine(folder, without=()):
    """A PATH with only the tools that setup uses, less those named; what would do work only says so."""
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    for tool in set(NEEDED) - set(without):
        (folder / tool).write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n' if tool == "python3" else "#!/bin/sh\n")
        (folder / tool).chmod(0o755)
    return str(folder)


def run(checkout, path, **environment):
    variables = {"PATH": path, "HOME": os.environ.get("HOME", "/"), "VITA_ROS": "wheels", **environment}
    return subprocess.run(
        ["bash", str(checkout / "scripts/setup.sh")], env=variables, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("without", "package"), [("c++", "g++"), ("cmake", "cmake"), ("make", "make"), ("python3", "python3")]
)
def test_a_missing_tool_ends_in_one_sentence_that_names_the_package(checkout, tmp_path, without, package):
    path = machine(tmp_path_in(tmp_path), without=[without])
    result = run(checkout, path)
    assert result.returncode == 1
    lines = [line for line in result.stderr.splitlines() if line]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert f"apt install {package}" in lines[0]
    assert not (checkout / ".venv").exists()


def tmp_path_in(tmp_path):
    folder = tmp_path / "machine"
    folder.mkdir()
    return folder


def fake_python(folder, body):
    (folder / "python3").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "python3").chmod(0o755)


def test_an_unsupported_python_is_named(checkout, tmp_path):
    folder = tmp_path_in(tmp_path)
    path = machine(folder)
    fake_python(folder, 'case "$*" in -V) echo "Python 3.9.2";; *) exit 1;; esac')
    result = run(checkout, path)
    assert result.returncode == 1
    assert "Python 3.10 to 3.13 is needed" in result.stderr
    assert "3.9.2" in result.stderr


def test_a_missing_venv_module_is_named(checkout, tmp_path):
    folder = tmp_path_in(tmp_path)
    path = machine(folder)
    fake_python(folder, f'case "$*" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac')
    result = run(checkout, path)
    assert result.returncode == 1
    assert "apt install python3-venv" in result.stderr


def test_another_processor_is_refused_before_anything_is_downloaded(checkout, tmp_path):
    folder = tmp_path_in(tmp_path)
    path = machine(folder)
    (folder / "uname").unlink()
    (folder / "uname").write_text('#!/bin/sh\ncase "$1" in -s) echo Linux;; -m) echo aarch64;; esac\n')
    (folder / "uname").chmod(0o755)
    result = run(checkout, path)
    assert result.returncode == 1
    assert "aarch64" in result.stderr


def test_an_unknown_profile_is_refused(checkout, tmp_path):
    result = run(checkout, machine(tmp_path_in(tmp_path)), VITA_PROFILE="laptop")
    assert result.returncode == 1
    assert "'train' or 'robot'" in result.stderr


def find_ros(root=ROOT, **environment):
    script = f'source {root}/scripts/find_ros.sh && echo "$ROS_KIND $ROS_SETUP"'
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(["bash", "-c", script], env=variables, capture_output=True, text=True, timeout=60)


def prefix(folder, mark=""):
    manifest = folder / "share/launch_ros/package.xml"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(f"<package><export>{mark}</export></package>")
    (folder / "setup.bash").write_text("")
    return folder


def test_a_sourced_ros_is_used_and_our_stand_ins_are_not_taken_for_one(checkout, tmp_path):
    genuine, stand_in = prefix(tmp_path / "genuine"), prefix(tmp_path / "ours", "<vita_underlay/>")
    assert find_ros(checkout, AMENT_PREFIX_PATH=f"{stand_in}:{genuine}").stdout.strip() == "genuine"
    assert find_ros(checkout, AMENT_PREFIX_PATH=str(stand_in)).stdout == find_ros(checkout).stdout
    assert find_ros(AMENT_PREFIX_PATH=str(genuine), VITA_ROS="wheels").stdout.strip() == "wheels"
    assert find_ros(VITA_ROS=str(genuine)).stdout.strip() == f"genuine {genuine}/setup.bash"


def test_a_wrong_choice_of_ros_is_an_error(tmp_path):
    result = find_ros(VITA_ROS=str(tmp_path))
    assert result.returncode != 0
    assert "setup.bash" in result.stderr


def test_a_workspace_built_on_a_ros_sourced_elsewhere_is_led_back_to_it(checkout):
    (checkout / ".venv").mkdir()
    (checkout / ".venv/.ros-kind").write_text("genuine\n")
    (checkout / "install").mkdir()
    (checkout / "install/setup.bash").write_text("")
    assert find_ros(checkout).stdout.strip() == f"genuine {checkout}/install/setup.bash"
    assert find_ros(checkout, VITA_ROS="wheels").stdout.strip() == "wheels"
