#!/usr/bin/env bash
# Makes sure that ffmpeg and ffprobe are there: installs them on Debian and Ubuntu, says what to do elsewhere.
set -euo pipefail
if command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null; then
  exit 0
fi
if command -v apt-get >/dev/null; then
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "ffmpeg is missing and installing it needs root: run 'apt-get install ffmpeg' as root" >&2; exit 2; }
    as_root=sudo
  fi
  echo "installing ffmpeg with apt-get" >&2
  $as_root apt-get update -qq >&2
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg >&2
  exit 0
fi
echo "ffmpeg and ffprobe are missing: install them (macOS: 'brew install ffmpeg'; Fedora: 'dnf install ffmpeg-free'; others: https://ffmpeg.org/download.html) and run this again" >&2
exit 2
