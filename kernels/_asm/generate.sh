#!/bin/sh
# Writes the generated kernels into DIR (default: the package beside this folder).
set -eu
cd "$(dirname "$0")"
dir=$(cd "${1:-../cpu}" && pwd)
tool=$(mktemp)
trap 'rm -f "$tool"' EXIT
GOFLAGS=-mod=readonly go build -o "$tool" .
cd "$dir"
for isa in avx2 avx512; do
	"$tool" -isa $isa -out kernels_${isa}_amd64.s -stubs kernels_${isa}_amd64.go -pkg cpu
done
