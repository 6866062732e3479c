#!/usr/bin/env bash
# The message board: `scripts/run-board.sh BUILD-FOLDER LISTEN [more options of hub run]`. Kinds of jobs, broad ones first:
# a job for the site takes in what waits for its boards, one for a board what waits for its pages, catalog and threads.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 listen=$2
shift 2
exec "$build/hub" run --listen "$listen" --fronts 2 \
    --back "$build/board back" --front "$build/board front" --worker "$build/board worker" \
    --files /static=examples/board/web --files /switchback.js=clients/javascript/switchback.js \
    --jobs 'site=/site front' --jobs 'front=/ front within:site' \
    --jobs 'board=/board/{board} page within:site' \
    --jobs 'pages=/b/{board} page within:board' --jobs 'page=/b/{board}/p/{page} page within:pages' \
    --jobs 'catalog=/b/{board}/catalog catalog within:board' \
    --jobs 'thread=/b/{board}/t/{thread} thread within:board' "$@"
