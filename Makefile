GIT_COMMIT := $(shell git describe --dirty --always 2>/dev/null)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 30s

.PHONY: build test race lint fuzz bench gen recipe

# The binary, static and reproducible: ./coredns
build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/coredns/coredns/coremain.GitCommit=$(GIT_COMMIT)" -o coredns ./build/coredns

# All tests. What is not installed is skipped with the name of its Debian package.
test:
	go test ./...

# All tests under the race detector (needs a C compiler).
race:
	CGO_ENABLED=1 go test -race ./...

# Formatting, vet, staticcheck, and go.mod as it should be.
lint:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff

# Each fuzz target for FUZZTIME.
fuzz:
	.ci/fuzz $(FUZZTIME)

# ttlfloor beside rewrite ttl, the storm's table, and the CPU of whole processes (needs dnsperf).
bench:
	go test -run '^$$' -bench . -benchmem ./plugin/... ./test/...

# build/coredns/zplugin.go from plugin.cfg.
gen:
	go generate ./...

# The README's recipe for one's own CoreDNS, on CoreDNS's source from the module cache.
recipe:
	.ci/recipe
