#!/usr/bin/env bash
# Every test of the workspace. colcon runs pytest in each package; tests/ holds what concerns several packages.
# Fails on a failed test, and on a process that outlives its test.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"
python="$root/.venv/bin/python"
export PYTHONDONTWRITEBYTECODE=1
# Everything started below inherits this mark, by which what is left over is found.
export VITA_TEST_RUN="$$-$RANDOM$RANDOM"
status=0

rm -rf build/*/pytest.xml build/*/test_results
# What knows no ROS is tested beside the rest, with what that leaves of the cores. They share neither topics nor ports.
without_ros=(vita_dataset vita_train)
colcon_test() {
  "$python" -m colcon --log-base "log/$1" test --base-paths "${packages[@]}" --executor sequential \
    --event-handlers console_direct+ console_start_end+ --return-code-on-test-failure "${@:2}" \
    --pytest-args -p no:cacheprovider
}
mkdir -p log
OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE colcon_test without_ros --packages-select "${without_ros[@]}" \
  >log/test_without_ros.log 2>&1 &
beside=$!
renice -n 19 -p "$beside" >/dev/null
trap 'kill "$beside" 2>/dev/null || true' EXIT
colcon_test with_ros --packages-skip "${without_ros[@]}" || status=1
echo "waiting for the tests of ${without_ros[*]}"
wait "$beside" || status=1
trap - EXIT
cat log/test_without_ros.log
"$python" -m colcon --log-base log test-result --verbose || status=1
"$python" -m pytest -p no:cacheprovider tests || status=1

mark=$VITA_TEST_RUN
unset VITA_TEST_RUN
leftovers() {
  local environ pid
  for environ in /proc/[0-9]*/environ; do
    pid=${environ//[^0-9]/}
    grep -qzx "VITA_TEST_RUN=$mark" "$environ" 2>/dev/null || continue
    # The genuine ros2 starts a daemon of its own, which stays by design.
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -v ros2cli.daemon | sed "s/^/  $pid /" || true
  done
}
for _ in $(seq 50); do
  left=$(leftovers)
  [ -z "$left" ] && break
  sleep 0.1
done
if [ -n "$left" ]; then
  printf 'error: these processes outlived the test that started them:\n%s\n' "$left" >&2
  status=1
fi
exit $status
