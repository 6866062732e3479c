#!/usr/bin/env bash
# Runs one fuzz target, with the address sanitizer, for so many seconds: `scripts/fuzz.sh patch 600`.
# Without a target it lists them; `scripts/fuzz.sh all 60` runs one after the other.
# What it learns stays in .build/fuzz/corpus; what it finds, in .build/fuzz/found. CONTRIBUTING.md says what to do with that.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=$(ls Fuzz/Corpus | sed 's/\.txt$//')
if [ $# -eq 0 ]; then
  echo "usage: scripts/fuzz.sh TARGET [SECONDS]; targets: all" $targets
  exit 2
fi
seconds=${2:-60}
built=$PWD/.build/fuzz
mkdir -p "$built/found"

# One module after the other, all of them instrumented; SwiftPM has no way to say so.
flags=(-O -swift-version 6 -parse-as-library -sanitize=address,fuzzer -package-name switchback -I "$built" -I Sources/CCrypto)
module() { # NAME SOURCES
  local name=$1 sources=$2
  if [ -n "$(find "$sources" Sources/State Sources/Core -name '*.swift' -newer "$built/$name.o" 2>/dev/null)" ] || [ ! -e "$built/$name.o" ]; then
    echo "fuzz: building $name"
    swiftc "${flags[@]}" -wmo -module-name "$name" -emit-module -emit-module-path "$built/$name.swiftmodule" \
      -c $(find "$sources" -name '*.swift' | sort) -o "$built/$name.o"
  fi
}
module State Sources/State
module Core Sources/Core
module FuzzTargets Fuzz/Targets
module FuzzEntry Fuzz/Entry
swiftc -sanitize=address,fuzzer "$built"/{State,Core,FuzzTargets,FuzzEntry}.o -lcrypto -o "$built/fuzz" 2>&1 | { grep -v "Cannot export local symbol" || true; }

[ "$1" = all ] || targets=$1
for target in $targets; do
  corpus=$built/corpus/$target
  mkdir -p "$corpus"
  node scripts/corpus.mjs "Fuzz/Corpus/$target.txt" "$corpus"
  echo "fuzz: $target for $seconds s"
  # Memory: no decoder may ask for more than 64 MiB at once, whatever a length says.
  SWITCHBACK_FUZZ=$target SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 "$built/fuzz" "$corpus" \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 -malloc_limit_mb=64 -rss_limit_mb=1024 \
    -artifact_prefix="$built/found/$target-" -print_final_stats=1 -verbosity="${FUZZ_VERBOSITY:-0}"
done
