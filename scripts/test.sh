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
"$python" -m colcon --log-base log test --base-paths "${packages[@]}" --executor sequential \
  --event-handlers console_direct+ console_start_end+ --return-code-on-test-failure \
  --pytest-args -p no:cacheprovider || status=1
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
