"""Make ROS 2 wheels usable as an underlay: repair their CMake files and write the prefix's local_setup files.

Run by scripts/setup.sh with the virtual environment's own Python after each installation of ros-* wheels.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

import numpy as np

# The wheels' exported CMake files name the include folders of the machine that built them.
BUILDER_NUMPY = re.compile(r"/opt/(?:python|_internal)/[^;\"]*?/site-packages/numpy/_?core/include")
BUILDER_PYTHON = re.compile(r"/opt/(?:python|_internal)/[^;\"]*?/include/python3\.\d+")

LOCAL_SETUP = """\
# Puts this ROS 2 prefix into the environment. Sourced by install/setup.{shell}, or by hand.
_vita_prepend() {{
  eval "_vita_old=\\"\\${{$1:-}}\\""
  case ":$_vita_old:" in
    *":$2:"*) ;;
    *) export "$1=$2${{_vita_old:+:$_vita_old}}" ;;
  esac
  unset _vita_old
}}
_vita_prepend PATH "{prefix}/bin"
_vita_prepend AMENT_PREFIX_PATH "{prefix}"
{libraries}
unset -f _vita_prepend
# The wheels' own start-up hook would set the library path by starting Python a second time.
export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
export ROS_DISTRO=kilted ROS_VERSION=2 ROS_PYTHON_VERSION=3
"""


def repair_cmake(prefix: Path) -> int:
    """Point the wheels' CMake files at this Python and numpy.

    Returns:
        How many files changed.
    """
    python, numpy_include = sysconfig.get_paths()["include"], np.get_include()
    changed = 0
    for path in (prefix / "share").rglob("*.cmake"):
        text = path.read_text(encoding="utf-8")
        fixed = BUILDER_PYTHON.sub(python, BUILDER_NUMPY.sub(numpy_include, text))
        if fixed != text:
            path.write_text(fixed, encoding="utf-8")
            changed += 1
    return changed


def write_local_setup(prefix: Path) -> None:
    """Write local_setup.{sh,bash,zsh}, which colcon's install/setup.* source for each parent prefix."""
    site_packages = Path(sysconfig.get_paths()["platlib"])
    folders = [prefix / "lib", *sorted(site_packages.glob("ros_*.libs"))]
    libraries = "\n".join(f'_vita_prepend LD_LIBRARY_PATH "{folder}"' for folder in reversed(folders))
    for shell in ("sh", "bash", "zsh"):
        text = LOCAL_SETUP.format(prefix=prefix, libraries=libraries, shell=shell)
        (prefix / f"local_setup.{shell}").write_text(text, encoding="utf-8")


def main() -> int:
    """Repair the prefix that this Python belongs to."""
    prefix = Path(sys.prefix)
    repair_cmake(prefix)
    write_local_setup(prefix)
    include = Path(sysconfig.get_paths()["include"], "Python.h")
    if not include.is_file():
        sys.stderr.write(f"error: {include} is missing; install the Python headers (Debian, Ubuntu: python3-dev)\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
