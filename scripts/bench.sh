#!/usr/bin/env bash
# A short form of every benchmark there is; `.build/release/hub bench --help` says how to make them long.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .build/release/hub ] && [ -x .build/release/fanout-reference ] && [ -x .build/release/relay-reference ] && [ -x .build/release/lateness-reference ] || swift build -c release
.build/release/hub bench fan-out --clients 200 --hz 20 --bytes 4096 --seconds 3 --compare --pairs 1 "$@"
.build/release/hub bench ingest --pairs 5 --instructions
.build/release/hub bench uplink --clients 200 --seconds 2 --pairs 2
.build/release/hub bench round-trip --seconds 2 --pairs 2
.build/release/hub bench tick --clients 200 --readers 20 --seconds 3
.build/release/hub bench idle --clients 500
.build/release/hub bench burst --clients 100 --seconds 2 --pairs 2
.build/release/hub bench fan-out --clients 200 --seconds 2 --inputs --pairs 2
.build/release/hub bench links --clients 200
.build/release/hub bench lateness --seconds 2 --pairs 2
.build/release/hub bench egress --few 100 --many 1000 --seconds 2 --pairs 2
.build/release/hub bench start --runs 5
.build/release/hub bench growth --seconds 1 --largest 1000
.build/release/hub bench state --pairs 5
