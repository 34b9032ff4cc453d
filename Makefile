# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0

# make test FILTER=SomeSuite runs only the tests whose names match.
FILTER ?=
# make bench BENCH='--quick --only small' passes options to Scripts/bench.py.
BENCH ?=
# make scale SCALE=10000000 takes that many objects.
SCALE ?= 1000000
# make fuzz FUZZ='tar http' FUZZ_SECONDS=300 fuzzes two parsers for five minutes each.
FUZZ ?=

.PHONY: help build release test unit demo bench scale fuzz lint format clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

build: ## Build for debugging: .build/debug/holdfast
	@Scripts/setup.sh build
	swift build --product holdfast

release: ## Build for use: .build/release/holdfast
	@Scripts/setup.sh build
	swift build -c release --product holdfast

test: ## Run every check, with SeaweedFS, Ceph, JuiceFS and MiniStack on loopback
	@Scripts/test.sh $(if $(FILTER),--filter '$(FILTER)')

unit: ## Run the checks that need no server
	@HOLDFAST_TEST_SERVERS=none Scripts/test.sh $(if $(FILTER),--filter '$(FILTER)')

demo: ## Back up and restore a bucket on a real server, and compare
	@Scripts/demo.sh

bench: ## Measure against s5cmd and rclone; writes bench-results/latest.md
	@Scripts/setup.sh bench
	swift build -c release --product holdfast
	@.venv/bin/python Scripts/bench.py $(BENCH)

scale: ## Measure memory and time with SCALE generated objects (default 1000000)
	@Scripts/setup.sh build
	swift build -c release --product holdfast-scale
	@directory=$$(mktemp -d) && .build/release/holdfast-scale $(SCALE) "$$directory"; code=$$?; rm -rf "$$directory"; exit $$code

fuzz: ## Feed the parsers of foreign bytes with libFuzzer, FUZZ_SECONDS each
	@Scripts/setup.sh build
	@Scripts/fuzz.sh $(FUZZ)

lint: ## Check the style of the sources and the syntax of the scripts
	@Scripts/lint.sh

format: ## Put the sources into the house style
	swift format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks

clean: ## Remove everything that was built or measured
	@for name in seaweedfs ceph juicefs ministack; do S3_STOP=kill Scripts/servers.sh stop $$name .servers/test/$$name; done
	rm -rf .build .build-fuzz .venv .servers bench-results
