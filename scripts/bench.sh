#!/usr/bin/env bash
# Every measurement behind benchmarks/README.md, one after the other.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"
for benchmark in benchmarks/*.py; do  # what lies in folders below is shared by them, or has a command of its own
  echo "== $benchmark"
  "$root/.venv/bin/python" "$benchmark"
done
