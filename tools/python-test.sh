#!/usr/bin/env bash
# Tests the Python package with the standard library alone, against the programs in bin/.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v python3 >/dev/null; then
  echo "python3 is not installed: the Python package is not tested here"
  exit 0
fi
export LONGTAKE_BIN="$PWD/bin" PYTHONDONTWRITEBYTECODE=1
python3 -m unittest discover -s python/tests -t python
if python3 -c 'import pip, setuptools' 2>/dev/null; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp -r python "$work/src" # a build leaves its files beside the source
  python3 -m pip install -q --no-deps --no-build-isolation --disable-pip-version-check --target "$work/site" "$work/src" 2>&1 | grep -v "Running pip as the 'root' user" || true
  (cd / && PYTHONPATH="$work/site" python3 -c 'import longtake; assert "site" in longtake.__file__; longtake.find()')
  echo "installed with pip and imported"
else
  echo "pip or setuptools is not installed: the package is not installed here"
fi
