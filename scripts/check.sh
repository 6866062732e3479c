#!/usr/bin/env bash
# What a reader would trip over: format, links in documents, leftovers.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
fail() { echo "check: $*" >&2; failed=1; }

echo "check: format"
swift format lint --strict -r -p Package.swift Sources Tests Fuzz examples || failed=1

echo "check: links in documents"
while IFS=: read -r file link; do
  target=${link%%#*}
  case "$target" in ''|http*|mailto*) continue ;; esac
  [ -e "$(dirname "$file")/$target" ] || fail "$file links to $target, which is not there"
done < <(grep -oHE '\]\([^) ]+\)' $(git ls-files '*.md') | sed -E 's/\]\((.*)\)$/\1/')

echo "check: the failures and limits of docs/ARCHITECTURE.md name tests that are there"
while IFS= read -r tests; do
  [[ $tests == *'"'* || $tests == *'the same'* ]] || fail "docs/ARCHITECTURE.md: a row without a test: $tests"
  while IFS= read -r title; do
    git grep -qF -- "$title" -- Tests clients || fail "docs/ARCHITECTURE.md names a test that is not there: $title"
  done < <(grep -oE '"[^"]+"' <<< "$tests" | tr -d '"')
done < <(sed -n -e '/^## When something fails/,/^## Simulation/p' -e '/^## Limits/,/^## Dependencies/p' docs/ARCHITECTURE.md |
  grep '^|' | grep -vE '^\|(---|.*\| test \|$)' | awk -F'|' '{ print $(NF - 1) }')

echo "check: leftovers"
if git grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- Sources examples clients Tests scripts ':!scripts/check.sh'; then fail "unfinished business"; fi
if git grep -nE 'try!|fatalError\(' -- 'Sources/*.swift'; then fail "a crash where an answer belongs"; fi
if git grep -nE 'Task\.sleep|[^a-z]u?sleep\(' -- 'Tests/*.swift' ':!Tests/Fixtures'; then fail "a test that sleeps"; fi
if git grep -n "@testable" -- Tests; then fail "a testable import: tests run in the release build"; fi
exit $failed
