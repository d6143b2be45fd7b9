# parkbff: `make` explains itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO     ?= go
BIN    := bin/parkbff
PG_BIN := $(shell ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
WITHPG := $(GO) run ./internal/testkit/cmd/withpg --

.PHONY: help
help: ## Show this.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Build and start with demo data on http://127.0.0.1:8080.
	$(BIN) serve --demo

.PHONY: build
build: ## Build bin/parkbff.
	$(GO) build -trimpath -o $(BIN) ./server/cmd/parkbff

.PHONY: test
test: postgres poppler ## Run all Go tests on SQLite and PostgreSQL.
	$(WITHPG) $(GO) test -vet=off ./server/... ./... # lint vets; what takes longest goes first

.PHONY: race
race: postgres poppler ## Run all Go tests with the race detector.
	$(WITHPG) $(GO) test -race ./...

.PHONY: generate
generate: ## Regenerate ent, the contract, the executor, the resolver stubs and docs/policy-matrix.md.
	$(GO) generate ./ent
	$(GO) run ./graph/gen
	$(GO) run ./server/cmd/policymatrix

.PHONY: migration
migration: postgres ## Write the next PostgreSQL migration: make migration NAME=what_changes.
	$(WITHPG) $(GO) run ./internal/store/cmd/newmigration $(NAME)

.PHONY: check
check: drift lint lint-schema test check-masks-sample conformance requirements ## What CI runs.

.PHONY: drift
drift: ## Fail when generated files are not what their sources make.
	@before=$$(git status --porcelain | sort; git diff | sha256sum); $(MAKE) --no-print-directory generate >/dev/null; \
	after=$$(git status --porcelain | sort; git diff | sha256sum); \
	if [ "$$before" != "$$after" ]; then echo "generated files have drifted: run make generate and commit" >&2; git status --short >&2; exit 1; fi

.PHONY: lint-schema
lint-schema: ## Hold the contract against @graphql-eslint's recommended and relay rules (Node).
	cd graph/schema/lint && npm ci --no-audit --no-fund --silent && npm run -s lint

.PHONY: lint
lint: ## Check format, vet and staticcheck.
	@unformatted=$$($(GO) tool gofumpt -l .); if [ -n "$$unformatted" ]; then echo "not formatted (gofumpt):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

.PHONY: conformance
conformance: build postgres ## Real protocol clients (Node) against the running server.
	cd server/ws/conformance && npm ci --no-audit --no-fund --silent
	$(WITHPG) $(GO) run ./server/wholetest/cmd/conformance

.PHONY: requirements
requirements: ## List the rows of the requirements and the tests that prove them.
	$(GO) run ./internal/testkit/cmd/requirements

.PHONY: check-masks
check-masks: ## Take away one guard at a time and expect a failing test each time.
	$(GO) run ./server/cmd/checkmasks

.PHONY: check-masks-sample
check-masks-sample: ## The same for a few guards, others every day.
	$(GO) run ./server/cmd/checkmasks -sample

.PHONY: kill-notices
kill-notices: postgres ## Tell 100,000 notices through two replicas while replicas, bus nodes and clients are killed.
	$(GO) run ./server/wholetest/cmd/killnotices

.PHONY: outages
outages: postgres ## Hold docs/OUTAGES.md against two replicas, telling 10,000 notices around each outage.
	$(GO) run ./server/wholetest/cmd/outages

.PHONY: bench
bench: build postgres ## Measure against the hand-written baseline, on PostgreSQL.
	$(WITHPG) $(GO) run ./server/bench/cmd/bench

.PHONY: histories
histories: postgres ## Tell 10,000 random histories of orders, payments, refunds and crashes on each engine.
	$(WITHPG) $(GO) test ./internal/billing -run TestRandomHistories -histories 10000 -timeout 90m -v

.PHONY: loadtest
loadtest: build postgres ## Put servers under load: 15,000 subscribers, 10,000 at 300 observations/s, 5,000 watchers.
	$(BIN) loadtest subscribers --n 15000 --compare --most-peak 12288 --most-settled 10240
	$(WITHPG) sh -c '$(BIN) loadtest subscribers --n 10000 --rate 300 --duration 120s --most-p99 250ms --database "$$PARKBFF_TEST_DATABASE_URL"'
	$(BIN) loadtest watchers --n 5000 --documents 4 --most-executions 4

.PHONY: fuzz
fuzz: ## Run each fuzz target for a while: make fuzz FUZZTIME=30s.
	@for target in $$(grep -rho --include='*_test.go' 'func Fuzz[A-Za-z]*' . | awk '{print $$2}' | sort -u); do \
		dir=$$(grep -rl --include='*_test.go' "func $$target(" . | head -n 1 | xargs dirname); \
		$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-10s} -fuzzminimizetime 10x ./$$dir; \
	done

# PostgreSQL's binaries, where no server is named by PARKBFF_TEST_DATABASE_URL.
.PHONY: postgres
postgres:
	@if [ -z "$${PARKBFF_TEST_DATABASE_URL:-}" ] && [ -z "$(PG_BIN)" ] && ! command -v postgres >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; \
		else \
			echo "tests need PostgreSQL: install its server package, or set PARKBFF_TEST_DATABASE_URL" >&2; exit 1; \
		fi; \
	fi

# What reads the PDFs that tests look into.
.PHONY: poppler
poppler:
	@if ! command -v pdftotext >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq poppler-utils >/dev/null; \
		else \
			echo "tests need pdftotext: install poppler-utils" >&2; exit 1; \
		fi; \
	fi

.PHONY: clean
clean: ## Remove what was built and the demo's data.
	rm -rf bin var
