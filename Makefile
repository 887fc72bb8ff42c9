# Everything a developer or the CI does is a target here; `make help` lists them.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
# Nothing in a feature is so hot that it had to be written into its callers: 2 MB less program (decision 0055).
GCFLAGS  := convoke/internal/feature/...=-l
LISTEN   ?= localhost:8080
DATA     ?= data
FUZZTIME ?= 60s

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-][a-z0-9-]*:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: build ## build, load the sample, serve on http://localhost:8080 (LISTEN=, DATA=)
	./convoke serve --demo --data $(DATA) --listen $(LISTEN)

.PHONY: build
build: ## build ./convoke
	CGO_ENABLED=0 $(GO) build -trimpath -gcflags '$(GCFLAGS)' -ldflags '$(LDFLAGS)' -o convoke ./cmd/convoke

.PHONY: test
test: ## every test, PostgreSQL and browser included; installs what is missing on Debian
	@scripts/test

.PHONY: check
check: fmt-check vet lint weights drift ## what gates a change, quickly: format, vet, lint, weights, drift, tests on SQLite
	CONVOKE_TEST_POSTGRES= CI= $(GO) test $$($(GO) list ./... | grep -v /e2e$$)

.PHONY: test-pg
test-pg: ## the tests of everything that touches a database, on both engines
	scripts/with-postgres $(GO) test $$($(GO) list ./... | grep -v /e2e$$)

.PHONY: race
race: ## all tests but the browser's under the race detector (needs a C compiler)
	CGO_ENABLED=1 scripts/with-postgres $(GO) test -race -timeout 40m $$($(GO) list ./... | grep -v /e2e$$)

.PHONY: e2e
e2e: ## the browser journeys; CONVOKE_SHOTS=DIR saves pictures
	$(GO) test -count=1 ./e2e

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (60s); FUZZ=REGEXP picks some
	FUZZTIME=$(FUZZTIME) scripts/fuzz '$(FUZZ)'

.PHONY: bench
bench: build ## the benchmarks of docs/performance.md
	./convoke bench

.PHONY: gen
gen: ## make generated files and message catalogues again
	$(GO) generate ./...
	$(GO) run ./internal/i18n/potool update

.PHONY: fmt
fmt: ## format the code
	gofmt -w cmd contrib e2e internal scripts

.PHONY: fmt-check
fmt-check:
	@scripts/fmt-check

.PHONY: vet
vet:
	$(GO) vet ./...

.PHONY: lint
lint:
	@if command -v golangci-lint >/dev/null; then golangci-lint run; \
	else echo 'lint: golangci-lint is not installed, so it was left out (mise install, or see mise.toml for the version)'; fi

.PHONY: weights
weights: build
	$(GO) run ./scripts/weights -binary ./convoke

.PHONY: drift
drift:
	$(GO) run ./internal/i18n/potool check

.PHONY: clean
clean: ## remove what was built (never the data folder)
	rm -f convoke
