#!/usr/bin/env bash
# Style, types and the direction of imports.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"
bin="$root/.venv/bin"
status=0
"$bin/ruff" check . || status=1
"$bin/ruff" format --check . || status=1
for package in src/*/setup.py underlay/*/setup.py; do
  folder=$(dirname "$package")
  name=$(basename "$folder")
  [ -d "$folder/$name" ] || continue
  echo "mypy --strict $folder"
  "$bin/mypy" --strict --config-file pyproject.toml "$folder/$name" || status=1
done
"$bin/mypy" --strict --config-file pyproject.toml scripts/*.py || status=1
"$bin/python" -m pytest -q -p no:cacheprovider tests/test_import_direction.py || status=1
exit $status
