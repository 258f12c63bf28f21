# Finds a genuine ROS 2. Sourced by the other scripts; sets and exports nothing but the variables below.
#
#   ROS_KIND    "genuine", or "wheels" (no ROS 2 here: the pinned wheels and underlay/ take its place)
#   ROS_SETUP   file to source before anything ROS runs; empty when ROS 2 is sourced already or absent
#
# VITA_ROS=wheels in the environment ignores an installed ROS 2; VITA_ROS=/opt/ros/<distro> chooses one.

ROS_SETUP=""
ROS_KIND="wheels"

# A prefix with launch_ros that is not one of our stand-ins is a genuine ROS 2.
_is_genuine_prefix() {
  local manifest="$1/share/launch_ros/package.xml"
  [ -f "$manifest" ] && ! grep -q "<vita_underlay/>" "$manifest"
}

_find_ros() {
  local prefix distro workspace
  if [ "${VITA_ROS:-}" = wheels ]; then return; fi
  if [ -n "${VITA_ROS:-}" ]; then
    if [ ! -f "$VITA_ROS/setup.bash" ]; then
      echo "error: VITA_ROS is '$VITA_ROS', but there is no setup.bash in it; set it to /opt/ros/<distro> or to 'wheels'" >&2
      return 1
    fi
    ROS_KIND=genuine ROS_SETUP="$VITA_ROS/setup.bash"
    return
  fi
  local IFS=:
  for prefix in ${AMENT_PREFIX_PATH:-}; do
    if _is_genuine_prefix "$prefix"; then ROS_KIND=genuine; return; fi
  done
  # Built on a ROS 2 that some other shell had sourced: the workspace's own set-up file leads back to it.
  workspace=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  if [ "$(cat "$workspace/.venv/.ros-kind" 2>/dev/null)" = genuine ] && [ -f "$workspace/install/setup.bash" ]; then
    ROS_KIND=genuine ROS_SETUP="$workspace/install/setup.bash"
    return
  fi
  for distro in rolling lyrical kilted jazzy iron humble; do
    if _is_genuine_prefix "/opt/ros/$distro" && [ -f "/opt/ros/$distro/setup.bash" ]; then
      ROS_KIND=genuine ROS_SETUP="/opt/ros/$distro/setup.bash"
      return
    fi
  done
}
_find_ros
