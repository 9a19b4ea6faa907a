# All tasks of this repository. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Settings: make fuzz FUZZTIME=5m, make bench BENCH=Token COUNT=10, make soak SOAK=10m.
FUZZTIME ?= 30s
SOAK ?= 60s
BENCH ?= .
COUNT ?= 1

# The directories that are modules of their own. They are built with go.work, the root without it: with what users get.
MODULES := $(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod))
export GOWORK := off

# Each of the modules, in its directory: $(in-modules) command; done
in-modules = for module in $(MODULES); do printf '%s: ' $$module; cd $(CURDIR)/$$module; export GOWORK=$(CURDIR)/go.work;

# Tests use the in-memory service, so they must not see real credentials.
WITHOUT_CREDENTIALS := env -u AIRBYTE_CLIENT_ID -u AIRBYTE_CLIENT_SECRET -u AIRBYTE_ORGANIZATION_ID -u AIRBYTE_WORKSPACE -u AIRBYTE_API_HOST

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-19s %s\n", $$1, $$2 }' Makefile

## Try it

.PHONY: demo
demo: ## Run the quickstart, with an in-memory service if there are no credentials
	@echo 'Building examples/quickstart; the first time, that takes a minute.' >&2
	@go run ./examples/quickstart

.PHONY: test
test: ## Run all tests with the race detector
	$(WITHOUT_CREDENTIALS) go test -race ./...
	@$(in-modules) $(WITHOUT_CREDENTIALS) go test -race ./...; done

.PHONY: test-newest
test-newest: ## Run go vet and the tests with the newest Go release, downloaded if needed
	$(WITHOUT_CREDENTIALS) .ci/newest

## Check a change

.PHONY: check
check: fmt-check vet tidy-check imports-check consumer-check size-check generate-check api-check examples-check workflows-check lint ## Run all static checks

.PHONY: fmt
fmt: ## Format the code and sort its imports
	.ci/lint fmt

.PHONY: fmt-check
fmt-check: ## Check that all files, including generated ones, are formatted with gofmt
	@files=$$(gofmt -l .); [[ -z $$files ]] || { printf 'not formatted (make fmt):\n%s\n' "$$files" >&2; exit 1; }

.PHONY: vet
vet: ## Run go vet
	go vet ./...
	@$(in-modules) go vet ./...; echo vetted; done

.PHONY: workflows-check
workflows-check: ## Check the workflows in .github
	go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: lint
lint: ## Run the linters configured in .golangci.yml
	.ci/lint run
	@$(in-modules) $(CURDIR)/.ci/lint run; done

.PHONY: generate
generate: ## Rebuild the generated code from openapi/agents.yaml
	go generate ./...

.PHONY: generate-check
generate-check: ## Check that the generated code is up to date
	.ci/generated

.PHONY: tidy-check
tidy-check: ## Check that go.mod and go.sum of every module are tidy
	go mod tidy -diff
	.ci/tidy $(MODULES)

.PHONY: imports-check
imports-check: ## Check that the packages link only the allowed modules
	.ci/imports

.PHONY: consumer-check
consumer-check: ## Check the dependencies of a module that uses the SDK
	.ci/consumer

.PHONY: examples-check
examples-check: ## Run the examples that are modules of their own
	cd examples/observability && GOWORK=$(CURDIR)/go.work go run . >/dev/null
	.ci/valkey && cd examples/fleet && GOWORK=$(CURDIR)/go.work go run . >/dev/null

## The contract and the exported API

.PHONY: contract
contract: contract-lint ## Test the SDK and the contract against each other, and both against Prism
	.ci/contract

.PHONY: contract-lint
contract-lint: ## Lint the contract with Redocly; warnings are errors
	.ci/contract-lint

.PHONY: mcp
mcp: ## Let clients of the Model Context Protocol, the Inspector and the conformance suite, judge agents-mcp
	.ci/mcp

.PHONY: api
api: ## Update the snapshot of the exported Go API in api/
	.ci/api write

.PHONY: api-check
api-check: ## Check that the snapshot is up to date, and that CHANGELOG.md lists what was removed since the last release
	.ci/api check

OLD ?= HEAD
.PHONY: api-diff
api-diff: ## Show changes of the contract and of the Go API since the revision OLD (HEAD)
	.ci/api-diff $(OLD)

## Release

.PHONY: cross-check
cross-check: ## Run go vet as on macOS and Windows, and build the commands for them
	.ci/cross $(MODULES)

.PHONY: release-check
release-check: ## Make two releases in a temporary clone, and check what they are
	.ci/release-check

.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities in what is linked, with govulncheck
	.ci/vulnerabilities $(MODULES)

## Measure and stress

.PHONY: fuzz
fuzz: ## Run each fuzz test for FUZZTIME (30s)
	FUZZTIME=$(FUZZTIME) .ci/fuzz

.PHONY: bench
bench: ## Run the benchmarks that match BENCH, COUNT times each, and print them and their comparisons as a table
	go run ./internal/bench -bench '$(BENCH)' -count $(COUNT)

.PHONY: bench-mcp
bench-mcp: ## Measure agents-mcp: what a model reads in bytes and tokens, start, memory, calls per second
	cd agentsmcp/measure && GOWORK=$(CURDIR)/go.work go run .

.PHONY: size-check
size-check: ## Check how many bytes and modules the SDK adds to a program
	go run ./internal/bench -strict -bench '^BinarySize$$'

.PHONY: soak
soak: ## Simulate a day of faults, and call the in-memory service with 64 workers for SOAK (60s) while tokens expire and fail
	SOAK=$(SOAK) go test -race -run '^TestSoak' -v -count 1 -timeout 0 ./client

.PHONY: shuffle
shuffle: COUNT = 20
shuffle: ## Run the tests COUNT (20) times in random order to find flaky ones
	go test -race -shuffle on -count $(COUNT) -timeout 0 ./...

.PHONY: cover
cover: ## Measure the test coverage of the hand-written packages
	go test -coverprofile coverage.out -coverpkg ./auth/...,./client/...,./agenttools/...,./agentstest/...,./internal/... ./...
	go tool cover -func coverage.out
