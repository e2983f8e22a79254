#!/usr/bin/env bash
# Installs Slurm and munge on Debian and Ubuntu where they are missing: the tests of executor slurm
# run against the real ones, and skip without them (fail with LONGTAKE_SLURM=1). No service is started.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
if command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v sbatch >/dev/null && command -v munged >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "Slurm is missing: the tests of executor slurm will skip" >&2
  exit 0
fi
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
