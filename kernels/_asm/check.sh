#!/bin/sh
# Proves that the committed kernels are what the generator writes. It needs the
# generator's modules (a download on the first run).
set -eu
cd "$(dirname "$0")"
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
./generate.sh "$new"
for f in "$new"/*/*; do
	if ! cmp "$f" "../${f#"$new"/}"; then
		echo "kernels/${f#"$new"/} is stale: run kernels/_asm/generate.sh" >&2
		exit 1
	fi
done
echo "the generated kernels are current"
