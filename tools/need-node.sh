#!/usr/bin/env bash
# Installs Node.js and npm on Debian and Ubuntu where they are missing: the tests of the page that
# `longtake report` writes drive a browser with them.
set -euo pipefail
if command -v node >/dev/null && command -v npm >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "node and npm are missing: install them (version 20 or later)" >&2
  exit 1
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
