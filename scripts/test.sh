#!/usr/bin/env bash
# All tests, in the build that ships. `FILTER=name scripts/test.sh` runs the Swift tests that match.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "test: building (release)"
swift build -c release
swift build -c release --build-tests

echo "test: Swift"
# --skip-build: the two builds above made everything, executables included, which the process tests start.
swift test -c release --skip-build ${FILTER:+--filter "$FILTER"}

if [ -z "${FILTER:-}" ]; then
  echo "test: JavaScript"
  (cd clients/javascript && node --test tests/)
  echo "test: browser"
  node --test Tests/Browser/
fi
