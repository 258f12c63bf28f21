#!/usr/bin/env bash
# Makes this machine able to build, test and run the workspace. Safe to repeat: finished stages are skipped, an
# interrupted one starts over, a changed requirement or source file runs its stage again.
#
# Stages: virtual environment -> Python packages (and ROS 2 wheels where there is no ROS 2) -> colcon build.
#
# Environment:
#   VITA_TORCH    pip arguments that install another build of torch (default: torch==2.13.0 as requirements say)
#   VITA_PYTHON   the Python to use (default: python3, or the one that the installed ROS 2 was built for)
#   VITA_ROS      see find_ros.sh
#   VITA_PROFILE  the file of requirements/: "sim" (default: everything), "train" (no simulator) or "robot" (serving only)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv="$root/.venv"
profile=${VITA_PROFILE:-sim}
log="$venv/setup.log"

die() { echo "error: $*" >&2; exit 1; }

# In a shell that has sourced the workspace, python3 is the environment's own, which must not rebuild itself.
PATH=$(tr ':' '\n' <<<"$PATH" | grep -v -x -F "$venv/bin" | paste -sd:)

# Two set-ups at once would write into one environment.
exec 9>"$root/.setup.lock"
flock 9

source scripts/find_ros.sh
if [ -n "$ROS_SETUP" ]; then
  set +u
  source "$ROS_SETUP"
  set -u
fi

check_machine() {
  case "$profile" in sim|train|robot) ;; *) die "VITA_PROFILE is '$profile', but must be 'sim', 'train' or 'robot'" ;; esac
  python=${VITA_PYTHON:-python3}
  if [ -n "$ROS_SETUP" ] && [ -z "${VITA_PYTHON:-}" ]; then
    local built_for=("$(dirname "$ROS_SETUP")"/lib/python3.*)
    [ -d "${built_for[0]}" ] && python=$(basename "${built_for[0]}")
  fi
  command -v "$python" >/dev/null || die "'$python' is not installed; install it (Debian, Ubuntu: apt install python3)"
  python=$(command -v "$python")
  "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' ||
    die "Python 3.10 to 3.13 is needed, but $python is $("$python" -V 2>&1); set VITA_PYTHON to another"
  [ "$profile" = robot ] || "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "training needs Python 3.11 or newer (zarr 3 does), but $python is $("$python" -V 2>&1); set VITA_PYTHON, or VITA_PROFILE=robot to serve only"
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    die "$python lacks the venv module; install it (Debian, Ubuntu: apt install python3-venv)"
  [ "$ROS_KIND" != wheels ] || [ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
    die "the ROS 2 wheels exist for Linux on x86_64 only, but this is $(uname -s) on $(uname -m); install ROS 2 and run this again"
  command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null ||
    die "no C++ compiler found; install one (Debian, Ubuntu: apt install g++)"
  command -v cmake >/dev/null || die "cmake was not found; install it (Debian, Ubuntu: apt install cmake)"
  command -v make >/dev/null || command -v ninja >/dev/null ||
    die "neither make nor ninja was found; install one (Debian, Ubuntu: apt install make)"
}

digest() { sha256sum | cut -d' ' -f1; }
fresh() { [ "$(cat "$venv/.stage-$1" 2>/dev/null)" = "$2" ]; }
done_with() { echo "$2" >"$venv/.stage-$1"; }

# Output goes to the log; a failure shows its end.
logged() {
  "$@" >>"$log" 2>&1 && return
  tail -n 30 "$log" >&2
  die "the step above failed: '$1 ${*: -1}'; the whole output is in ${log#"$root"/}. Run the command again once it is mended: it goes on from here"
}

make_environment() {
  local key
  key=$(echo "$ROS_KIND $("$python" -c 'import sys; print(sys.version, sys.base_prefix)')" | digest)
  fresh venv "$key" && return
  echo "[1/3] virtual environment ($("$python" -V), ROS 2: $ROS_KIND)"
  local options=()
  [ "$ROS_KIND" = wheels ] || options=(--system-site-packages)
  rm -f "$venv"/.stage-*
  "$python" -m venv --clear ${options[@]+"${options[@]}"} "$venv"
  touch "$venv/COLCON_IGNORE"
  if [ "$ROS_KIND" != wheels ]; then
    # A sourced ROS 2 may itself live in a virtual environment, which --system-site-packages does not see.
    "$python" - "$venv" <<'PY'
import sys, sysconfig
from pathlib import Path
if sys.prefix != sys.base_prefix:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    parents = sorted({sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]})
    Path(sys.argv[1], "lib", version, "site-packages", "vita_parent.pth").write_text("\n".join(parents) + "\n")
PY
  fi
  echo "$ROS_KIND" >"$venv/.ros-kind"
  done_with venv "$key"
}

install_packages() {
  local key torch=${VITA_TORCH:-} requirements=(-r "requirements/$profile.txt" -r requirements/dev.txt)
  key=$(cat requirements/*.txt constraints.txt scripts/setup.sh scripts/ros_wheels.py <(echo "$profile $torch") | digest)
  fresh packages "$key" && return
  echo "[2/3] Python packages (up to 1 GB to download with the CPU build of torch; log in ${log#"$root"/})"
  rm -f "$venv/.stage-packages" "$venv/.stage-build"
  local pip=("$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off)
  if [ -n "$torch" ]; then
    # Unquoted on purpose: several pip arguments.
    logged "${pip[@]}" $torch
    local without="$venv/requirements"
    mkdir -p "$without"
    for file in requirements/*.txt; do sed '/^torch==/d' "$file" >"$without/$(basename "$file")"; done
    requirements=(-r "$without/$profile.txt" -r "$without/dev.txt")
  fi
  if [ "$ROS_KIND" = wheels ]; then
    logged "${pip[@]}" -c constraints.txt "${requirements[@]}" -r requirements/ros.txt
    logged "${pip[@]}" --no-deps cv-bridge==1.13.0.post0
    logged "$venv/bin/python" scripts/ros_wheels.py
  else
    logged "${pip[@]}" -c constraints.txt "${requirements[@]}"
  fi
  done_with packages "$key"
}

build() {
  local key places=(src/*)
  [ "$ROS_KIND" = wheels ] && places=(underlay/*/ "${places[@]}")
  # With --symlink-install a changed line of Python needs no build; everything else does.
  key=$({ find src underlay -name __pycache__ -prune -o -type f -name '*.py' ! -name setup.py -print
          find src underlay -name __pycache__ -prune -o -type f \( ! -name '*.py' -o -name setup.py \) -printf '%p %T@\n'
          cat colcon.meta; echo "${places[*]}"; } | sort | digest)
  fresh build "$key" && [ -f install/setup.bash ] && return
  echo "[3/3] colcon build"
  rm -f "$venv/.stage-build"
  # --symlink-install stumbles over its own links to files that are gone.
  [ ! -d build ] || find build install -xtype l -delete
  (
    set +u
    if [ "$ROS_KIND" = wheels ]; then
      unset AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH PYTHONPATH
      source "$venv/local_setup.bash"
    fi
    # colcon's own Python goes into the scripts' first line, so it must be the environment's.
    logged "$venv/bin/python" -m colcon --log-base log build --symlink-install --base-paths "${places[@]}" \
      --cmake-args "-DPython3_EXECUTABLE=$venv/bin/python" -DCMAKE_BUILD_TYPE=Release
  )
  done_with build "$key"
}

# Rendering needs a library that no Python package carries; everything else works without it.
note_missing_gl() {
  [ "$profile" != sim ] || "$venv/bin/python" -c 'import ctypes.util, sys; sys.exit(not any(map(ctypes.util.find_library, ("EGL", "OSMesa"))))' ||
    echo "note: neither EGL nor OSMesa was found, so the simulator cannot render; install one (Debian, Ubuntu: apt install libegl1 libegl-mesa0)"
}

check_machine
make_environment
install_packages
build
for folder in data outputs flare_outputs demo_output; do
  mkdir -p "$folder" && touch "$folder/COLCON_IGNORE"
done
note_missing_gl
[ "${1:-}" = --quiet ] || echo "ready; in each new shell: source install/setup.bash"
