from __future__ import annotations

from pathlib import Path

from conftest import Ros2


def test_list_shows_installed_packages_in_order(ros2: Ros2, package: Path) -> None:
    result = ros2("pkg", "list")
    names = result.stdout.split()
    assert result.returncode == 0
    assert {"greeter", "rclpy"} <= set(names)
    assert names == sorted(names)


def test_prefix_shows_where_a_package_is(ros2: Ros2, package: Path) -> None:
    assert ros2("pkg", "prefix", "greeter").stdout.strip() == str(package)
    assert ros2("pkg", "prefix", "--share", "greeter").stdout.strip() == str(package / "share/greeter")
    missing = ros2("pkg", "prefix", "no_such_package")
    assert (missing.returncode, missing.stderr.strip()) == (1, "Package not found")


def test_executables_are_listed_with_their_package(ros2: Ros2, package: Path) -> None:
    result = ros2("pkg", "executables", "greeter")
    assert sorted(result.stdout.splitlines()) == ["greeter echo_arguments", "greeter wait_for_signal"]
    assert ros2("pkg", "executables", "no_such_package").returncode == 1
