# All that a developer and CI do with the source. Needs Go, gcc, git and make.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps generate run lint generated test bench bench-plan torture pictures

help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' Makefile | expand -t 14

deps: ## see to what the tests need: PostgreSQL, Chromium, strace, TypeScript
	@.ci/deps

generate: ## check the types of the scripts and write generated code anew
	tsc -p internal/web/island
	go generate ./...

run: ## start Throughline
	go run ./cmd/throughline

lint: ## vet, staticcheck, types of the scripts, format
	go vet ./...
	go tool staticcheck ./...
	tsc -p internal/web/island
	@bad=$$(go tool gofumpt -l . | { grep -vE '(_templ|\.gen)\.go$$' || true; }); \
	if [ -n "$$bad" ]; then \
		printf 'not formatted; run go tool gofumpt -w on:\n%s\n' "$$bad" >&2; exit 1; \
	fi

# What go generate makes of the source must be what the source holds. Sums before
# and after tell, where a diff against the last commit would blame open work.
sums = git ls-files -co --exclude-standard -- '*.gen.go' '*_templ.go' '*.gen.js' | sort | xargs -r sha256sum 2>&1 || true

generated: ## fail if generated code is not current
	@before=$$($(sums)); \
	go generate ./...; \
	after=$$($(sums)); \
	diff <(echo "$$before") <(echo "$$after") || \
		{ echo 'generated code was not current; commit what go generate has just written' >&2; exit 1; }

# The race detector slows the kernel's random histories and the thousands of requests of
# the authorisation tests tenfold, so under it some are run; all of them run without it.
test: deps lint generated ## everything CI checks
	go test -race -timeout 30m ./...
	THROUGHLINE_SEQUENCES=10000 go test -run TestRandomHistories -timeout 20m ./internal/ledger
	go test -timeout 20m ./internal/app

bench: ## benchmarks of the kernel, of lists, and of pages and API over HTTP
	go test -run '^$$' -bench . -benchmem ./internal/ledger/... ./internal/table ./internal/api ./internal/web/pages

# Ten minutes on two quiet cores. FULL=1 takes days; it goes on where it ended, by the log.
bench-plan: ## figures of the planning engine beside published ones; DATA=folder of the instances
	go run ./internal/tools/benchplan $(if $(DATA),-data $(DATA)) $(if $(FULL),-full -log bench-plan.jsonl)

torture: ## long rounds of crashes and cut connections against the kernel
	THROUGHLINE_TORTURE=1 go test -count 1 -timeout 2h -v ./internal/ledger/...

pictures: ## take the pictures of the documents anew, in Chromium
	THROUGHLINE_SHOTS=$(CURDIR)/docs/img go test -count 1 -run 'TestTheInterface$$' ./internal/demo
