#!/usr/bin/env bash
# Installs the Debian packages that are missing for building (`build`) or for testing (`test`), and says which.
# Works as root and with sudo; changes nothing when everything is there.
set -euo pipefail

# What the toolchain itself is linked against, then what we are.
packages=(libncurses6 libsqlite3-0 libxml2 binutils gcc libc6-dev libstdc++-12-dev pkg-config libuv1-dev libssl-dev libyaml-dev libsqlite3-dev)
if [ "${1:-build}" = test ]; then packages+=(nodejs chromium procps); fi

# A command that is there already counts, however it came: a newer Node beside the packages is as good.
declare -A command_of=([nodejs]=node [chromium]=chromium [procps]=pgrep [gcc]=gcc [pkg-config]=pkg-config)
missing=()
for package in "${packages[@]}"; do
  command=${command_of[$package]:-}
  if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "setup: run as root, or install sudo: apt-get install ${missing[*]}" >&2; exit 1; }
    sudo=sudo
  fi
  log=$(mktemp)
  if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: apt-get could not install ${missing[*]}; its last words are above" >&2
    exit 1
  fi
  rm -f "$log"
fi

if ! command -v swift >/dev/null; then
  echo "setup: no swift in PATH. Install a Swift 6.3 toolchain for Debian 12 (see swift.org/install), then call make again" >&2
  exit 1
fi
