#!/usr/bin/env bash
# A short form of every benchmark there is; `.build/release/hub bench --help` says how to make them long.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .build/release/hub ] && [ -x .build/release/fanout-reference ] || swift build -c release
.build/release/hub bench fan-out --clients 200 --hz 20 --bytes 4096 --seconds 3 --compare --pairs 1 "$@"
.build/release/hub bench state --pairs 5
