# longtake: `make` lists the targets. Nothing needs doing before `make sweep` or `make test`
# on Debian or Ubuntu with Go; elsewhere ffmpeg must be installed by hand.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO ?= go
BIN := bin
PYTHON ?= python3

.PHONY: help build test race lint sweep report page-test page-pictures page-scale gate gate-baseline python references check-mini train ffmpeg asm clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

build: ## build longtake and vqeval into bin/ (no cgo)
	@mkdir -p $(BIN)
	CGO_ENABLED=0 $(GO) build -buildvcs=auto -o $(BIN)/ ./cmd/longtake ./cmd/vqeval

test: ffmpeg ## run every test
	$(GO) test ./...

race: ffmpeg ## run the tests of the concurrent packages under the race detector
	$(GO) test -race -short ./kernels/... ./lvsa/... ./video/... ./bench/... ./sweeps/...

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "gofmt needed:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

sweep: build ffmpeg ## generate, score and report the smoke grid into out/smoke (resumes when interrupted)
	$(BIN)/longtake sweep sweeps/smoke.yaml -o out/smoke

report: build ## rebuild tables and figures of out/smoke from its records
	$(BIN)/longtake report out/smoke

gate: build ffmpeg ## hold the project's own records against the committed baseline
	tools/gate.sh

gate-baseline: build ffmpeg ## make that baseline anew
	tools/gate.sh baseline

python: build ffmpeg ## test the Python package
	tools/python-test.sh

page-test: build ffmpeg ## test the page in Chromium on the records of a small sweep
	@tools/need-chromium.sh
	@tools/need-node.sh
	cd reports/e2e && npm ci --silent --no-audit --no-fund && node --test

page-pictures: build ## renew the pictures of the page in docs/ from out/smoke
	cd reports/e2e && npm ci --silent --no-audit --no-fund && node pictures.mjs

page-scale: build ## measure a report of 10,000 records and 400 videos (on an idle machine)
	cd reports/e2e && npm ci --silent --no-audit --no-fund && node scale.mjs

references: build ffmpeg ## make the reference records that ship with the built-in model
	$(BIN)/longtake references -o diffusion/mini/references.jsonl

check-mini: ffmpeg ## measure the built-in model: scenes recognised, motion, palette, direction
	$(GO) run ./tools/mini/check

train: ## train the built-in model (goes on from its checkpoint); CONFIG=mini64|mini128
	$(PYTHON) -m pip install -q -r tools/mini/requirements.txt
	$(PYTHON) tools/mini/train.py --config $(or $(CONFIG),mini64)

asm: ## prove the committed assembly current
	kernels/_asm/check.sh

ffmpeg:
	@tools/need-ffmpeg.sh

clean: ## remove bin/ and out/
	rm -rf $(BIN) out
