#!/usr/bin/env bash
# Makes the records of testdata/gate/spec.yaml with the programs in bin/ and holds them against the committed
# baseline; "baseline" as the argument makes that anew.
set -euo pipefail
cd "$(dirname "$0")/.."
case "$(uname -m)" in
  x86_64 | amd64) ;;
  *) echo "the records of the project are not held here: the baseline is of the avx2 kernels, this is $(uname -m)"; exit 0 ;;
esac
grep -qw avx2 /proc/cpuinfo || { echo "the records of the project are not held here: the baseline is of the avx2 kernels, which this processor lacks"; exit 0; }
out=out/gate
rm -rf "$out"
bin/longtake --kernels avx2 sweep testdata/gate/spec.yaml -o "$out" >/dev/null
if [ "${1:-}" = baseline ]; then
  cp "$out/records.jsonl" testdata/gate/baseline.jsonl
  echo "testdata/gate/baseline.jsonl is new: look at what changed before you commit it"
  exit 0
fi
status=0
bin/longtake gate --baseline testdata/gate/baseline.jsonl --current "$out" --thresholds testdata/gate/thresholds.yaml || status=$?
if [ $status -ne 0 ]; then
  echo "If this change is meant to alter videos or scores, run 'make gate-baseline', look at the difference and commit it." >&2
fi
exit $status
