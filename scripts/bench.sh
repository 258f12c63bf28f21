#!/usr/bin/env bash
# Every measurement behind benchmarks/README.md, one after the other.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"
for benchmark in benchmarks/*.py; do
  echo "== $benchmark"
  "$root/.venv/bin/python" "$benchmark"
done
