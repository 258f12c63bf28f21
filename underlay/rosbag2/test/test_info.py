from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import STORAGES, Step, write_bag


def info(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ros2", "bag", "info", str(path)], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("storage", STORAGES)
def test_a_bag_is_described(tmp_path: Path, storage: str) -> None:
    steps = [Step("/a", 0, 0.0), Step("/b", 5, 1.0), Step("/a", 1_500_000_000, 2.0)]
    result = info(write_bag(tmp_path / "bag", steps, storage))
    assert result.returncode == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    suffix = {"mcap": "mcap", "sqlite3": "db3"}[storage]
    assert f"Files:             bag.{suffix}" in lines
    assert f"Storage id:        {storage}" in lines
    assert "Duration:          1.500000000s" in lines
    assert "Messages:          3" in lines
    assert any(line.startswith("Start:") and line.endswith("(1700000000.000000000)") for line in lines)
    assert any(line.startswith("End:") and line.endswith("(1700000001.500000000)") for line in lines)
    for topic, count in (("/a", 2), ("/b", 1)):
        start = f"Topic: {topic} | Type: sensor_msgs/msg/JointState | Count: {count} | "
        assert any(start in line for line in lines)


def test_what_is_no_bag_is_an_error(tmp_path: Path) -> None:
    assert info(tmp_path / "nothing").returncode != 0
