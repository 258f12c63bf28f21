# Sourced by the other scripts: sets the machine up if needed and loads the workspace into this shell.
#   root   the repository
#   ROS_KIND, ROS_SETUP   see find_ros.sh

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scripts/setup.sh --quiet || exit
source scripts/find_ros.sh || exit
set +u
source install/setup.bash
set -u
# Nothing that these scripts start is for another computer, or for another job on this one.
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
export ROS_DOMAIN_ID=${ROS_DOMAIN_ID:-$((RANDOM % 100 + 1))}
packages=(src/*)
[ "$ROS_KIND" = wheels ] && packages=(underlay/*/ "${packages[@]}")
