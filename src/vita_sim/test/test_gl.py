"""Which way of rendering is chosen where, and that a missing library is told in a sentence."""

import os
import subprocess
import sys

import pytest

import vita_sim


@pytest.mark.parametrize(
    ("environment", "installed", "chosen"),
    [
        ({}, {"EGL", "OSMesa"}, "egl"),
        ({}, {"OSMesa"}, "osmesa"),
        ({}, set(), "disable"),
        ({"DISPLAY": ":0"}, {"EGL"}, None),
        ({"DISPLAY": ":0", "MUJOCO_GL": "egl"}, {"EGL"}, "egl"),
        ({"MUJOCO_GL": "glfw"}, set(), "glfw"),
        ({"MUJOCO_GL": "OSMesa"}, {"EGL"}, "disable"),
        ({"MUJOCO_GL": "egl"}, {"OSMesa"}, "disable"),
    ],
)
def test_a_way_is_chosen_that_is_there(monkeypatch, environment, installed, chosen):
    monkeypatch.setattr(vita_sim, "_is_installed", installed.__contains__)
    vita_sim._choose_gl(environment)
    assert environment.get("MUJOCO_GL") == chosen


def test_what_is_installed_is_found():
    assert vita_sim._is_installed("c")
    assert not vita_sim._is_installed("NoSuchLibrary")


def test_a_machine_without_any_is_told_what_to_install(tmp_path):
    command = "import sys; from vita_sim.cli import demonstrate; sys.exit(demonstrate(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", command, "--out", tmp_path / "out", "--episodes", "1"],
        env={**os.environ, "MUJOCO_GL": "disable"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: MuJoCo cannot render with MUJOCO_GL=disable")
    assert "libegl1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
