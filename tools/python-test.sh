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
if ! python3 -c 'import pip' 2>/dev/null; then
  echo "pip is not installed: the package is not installed here"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r python "$work/src" # a build leaves its files beside the source
if ! python3 -m pip install -q --no-deps --disable-pip-version-check --target "$work/site" "$work/src" >"$work/log" 2>&1; then
  if grep -q "No matching distribution found for setuptools" "$work/log"; then
    echo "setuptools cannot be fetched: the package is not installed here"
    exit 0
  fi
  cat "$work/log" >&2
  exit 1
fi
(cd / && PYTHONPATH="$work/site" python3 -c 'import longtake; assert "site" in longtake.__file__; longtake.find()')
echo "installed with pip and imported"
