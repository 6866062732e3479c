#!/usr/bin/env bash
# A short form of every benchmark there is; `.build/release/bench fan-out --help` says how to make them long.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .build/release/bench ] && [ -x .build/release/fanout-reference ] || swift build -c release
.build/release/bench fan-out --clients 200 --hz 20 --bytes 4096 --seconds 3 --compare --pairs 1 "$@"
