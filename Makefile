# Every job of this repository by name. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Knobs: make fuzz FUZZTIME=5m, make bench BENCH=Token COUNT=10, make soak SOAK=10m.
FUZZTIME ?= 30s
SOAK ?= 60s
BENCH ?= .
COUNT ?= 1

# Tests talk to the in-memory service, whatever is set.
WITHOUT_CREDENTIALS := env -u AIRBYTE_CLIENT_ID -u AIRBYTE_CLIENT_SECRET -u AIRBYTE_ORGANIZATION_ID -u AIRBYTE_WORKSPACE -u AIRBYTE_API_HOST

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile

## Using it

.PHONY: demo
demo: ## Run the quickstart, on an in-memory service when there are no credentials
	go run ./examples/quickstart

.PHONY: test
test: ## Run every test with the race detector
	$(WITHOUT_CREDENTIALS) go test -race ./...

.PHONY: test-newest
test-newest: ## Run the tests with the newest Go release, fetched if need be
	$(WITHOUT_CREDENTIALS) .ci/newest

## Before a change is handed in

.PHONY: check
check: fmt-check vet tidy-check imports-check consumer-check size-check generate-check api-check observability-check lint ## Run every static check

.PHONY: fmt
fmt: ## Format the code and sort its imports
	.ci/lint fmt

.PHONY: fmt-check
fmt-check: ## Check that gofmt has nothing to change, generated files included
	@files=$$(gofmt -l .); [[ -z $$files ]] || { printf 'not formatted (make fmt):\n%s\n' "$$files" >&2; exit 1; }

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: lint
lint: ## Run the linters of .golangci.yml
	.ci/lint run

.PHONY: generate
generate: ## Rebuild the generated code from openapi/agents.yaml
	go generate ./...

.PHONY: generate-check
generate-check: ## Check that the generated code is what the contract generates
	.ci/generated

.PHONY: tidy-check
tidy-check: ## Check that go.mod and go.sum are tidy
	go mod tidy -diff

.PHONY: imports-check
imports-check: ## Check which modules the packages link
	.ci/imports

.PHONY: consumer-check
consumer-check: ## Check what a module that uses the SDK has to carry
	.ci/consumer

.PHONY: observability-check
observability-check: ## Build and run the example that is a module of its own
	cd examples/observability && go mod tidy -diff && go vet ./... && go run . >/dev/null

## The contract and the exported API

.PHONY: contract
contract: contract-lint ## Hold SDK and contract against each other, and both against Prism
	.ci/contract

.PHONY: contract-lint
contract-lint: ## Lint the contract with Redocly; no warning is allowed
	.ci/contract-lint

.PHONY: api
api: ## Rewrite the snapshot of the exported Go API in api/
	.ci/api write

.PHONY: api-check
api-check: ## Check that the snapshot is up to date, and that CHANGELOG.md names what vanished since the last release
	.ci/api check

OLD ?= HEAD
.PHONY: api-diff
api-diff: ## Show what changed in the contract and in the Go API since OLD (HEAD)
	.ci/api-diff $(OLD)

## Looking closer

.PHONY: fuzz
fuzz: ## Run each fuzz test for FUZZTIME (30s)
	FUZZTIME=$(FUZZTIME) .ci/fuzz

.PHONY: bench
bench: ## Measure the benchmarks that match BENCH, COUNT times, and print them as a table beside what they are compared with
	go run ./.ci/bench -bench '$(BENCH)' -count $(COUNT)

.PHONY: size-check
size-check: ## Check what the SDK adds to a program: bytes and modules
	go run ./.ci/bench -strict -bench '^BinarySize$$'

.PHONY: soak
soak: ## Call the service for SOAK (60s) with 64 workers while tokens expire, fail and are refused
	SOAK=$(SOAK) go test -race -run '^TestSoak$$' -v -count 1 -timeout 0 ./client

.PHONY: shuffle
shuffle: COUNT = 20
shuffle: ## Run the tests COUNT (20) times in changing order, to find the unsteady ones
	go test -race -shuffle on -count $(COUNT) -timeout 0 ./...

.PHONY: cover
cover: ## Measure what the tests cover of the hand-written packages
	go test -coverprofile coverage.out -coverpkg ./auth/...,./client/...,./agentstest/...,./internal/... ./...
	go tool cover -func coverage.out
