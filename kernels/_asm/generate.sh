#!/bin/sh
# Writes the generated kernels into the packages below DIR (default: those beside this folder).
set -eu
cd "$(dirname "$0")"
dir=$(cd "${1:-..}" && pwd)
tool=$(mktemp)
trap 'rm -f "$tool"' EXIT
GOFLAGS=-mod=readonly go build -o "$tool" .
for pkg in cpu sad; do
	mkdir -p "$dir/$pkg"
	cd "$dir/$pkg"
	for isa in avx2 avx512; do
		"$tool" -isa $isa -out kernels_${isa}_amd64.s -stubs kernels_${isa}_amd64.go -pkg $pkg
	done
done
mkdir -p "$dir/frames"
cd "$dir/frames"
"$tool" -isa avx2 -out kernels_avx2_amd64.s -stubs kernels_avx2_amd64.go -pkg frames
