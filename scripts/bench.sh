#!/usr/bin/env bash
# A short form of every benchmark there is; `.build/release/hub bench --help` has the long ones.
set -euo pipefail
cd "$(dirname "$0")/.."
.build/release/hub bench fan-out --clients 200 --hz 20 --bytes 4096 --seconds 3
