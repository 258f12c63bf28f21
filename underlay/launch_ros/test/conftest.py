import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ros_launching import InstallNode


@pytest.fixture(autouse=True)
def _own_ros(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = dict(os.environ)
    os.environ["ROS_LOG_DIR"] = str(tmp_path_factory.getbasetemp())
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 230))
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def install_node(tmp_path: Path) -> InstallNode:
    """Install a script of this folder as the executable ``node`` of the package ``some_package``."""

    def install(script: str) -> None:
        program = tmp_path / "lib/some_package/node"
        index = tmp_path / "share/ament_index/resource_index/packages"
        for folder in (program.parent, index, tmp_path / "share/some_package"):
            folder.mkdir(parents=True)
        (index / "some_package").touch()
        shutil.copy(Path(__file__).parent / script, program)
        program.chmod(0o755)
        os.environ["AMENT_PREFIX_PATH"] = os.pathsep.join([str(tmp_path), os.environ.get("AMENT_PREFIX_PATH", "")])

    return install
