# Two commands are enough: `make run` and `make test`. Each installs what Debian package is missing, and says so.

LISTEN ?= $(or $(HUB_LISTEN),127.0.0.1:8080)
BUILD  := .build/release

SEEDS  ?= 1..10000

.PHONY: help run run-board build test fuzz bench simulate check format clean setup setup-test

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## the arena, at http://127.0.0.1:8080/ (HUB_LISTEN=127.0.0.1:9000 make run moves it)
	@exec $(BUILD)/hub run --listen $(LISTEN) --fronts 2 --back $(BUILD)/arena \
		--files /=examples/arena/web --files /switchback.js=clients/javascript/switchback.js

run-board: build ## the message board, at the same address
	@exec scripts/run-board.sh $(BUILD) $(LISTEN)

build: setup ## everything, optimised, into .build/release
	swift build -c release

test: setup-test ## all tests: Swift, JavaScript, processes, browser
	scripts/test.sh

fuzz: setup-test ## fuzzes every decoder for a minute each (make fuzz TARGET=patch SECONDS=600 one, for longer)
	scripts/fuzz.sh $(or $(TARGET),all) $(or $(SECONDS),60)

bench: build ## a short form of every benchmark
	scripts/bench.sh

simulate: build ## whole clusters from 10,000 seeds; SEEDS=1..500 make simulate runs fewer
	$(BUILD)/hub-simulate --seeds $(SEEDS) --jobs 2

check: setup ## what needs no test run: format, documents, leftovers
	scripts/check.sh

format: ## rewrites the Swift sources in the house style
	swift format -i -r -p Package.swift Sources Tests Fuzz examples Benchmarks 2>/dev/null || swift format -i -r -p Package.swift Sources Tests Fuzz examples

clean: ## forgets what was built
	rm -rf .build

setup: ; @scripts/setup.sh build
setup-test: ; @scripts/setup.sh test
