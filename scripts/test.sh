#!/usr/bin/env bash
# All tests, in the build that ships. `FILTER=name scripts/test.sh` runs the Swift tests that match.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "test: building (release)"
swift build -c release
swift build -c release --build-tests

echo "test: Swift"
# Random histories of each property test; what fails names its seed, and SWITCHBACK_SEED=n runs that one alone.
export SWITCHBACK_HISTORIES=${SWITCHBACK_HISTORIES:-100000}
# --skip-build: the two builds above made everything, executables included, which the process tests start.
swift test -c release --skip-build ${FILTER:+--filter "$FILTER"}

if [ -z "${FILTER:-}" ]; then
  echo "test: JavaScript"
  (cd clients/javascript && node --test tests/)
  echo "test: browser"
  node --test Tests/Browser/
fi
