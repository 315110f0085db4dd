# The whole of it: how many digits make it short depends on the clone.
GIT_COMMIT := $(shell git describe --dirty --always --abbrev=40 --exclude="*" 2>/dev/null)
VERSION := $(shell sed -n 's/^\tnumber *= "\(.*\)"/\1/p' internal/version/version.go)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
LDFLAGS = -s -w -X github.com/coredns/coredns/coremain.GitCommit=$(GIT_COMMIT) \
	-X github.com/holdfastdns/holdfast/internal/version.revision=$(GIT_COMMIT)
FUZZTIME ?= 30s
BIN = .
ROOT = bin/image
IMAGE = holdfast
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

.PHONY: build test race lint fuzz bench gen links recipe suite incidents resolvers cluster cluster-gate cluster-down cluster-program image image-root build-command packages release release-tools reproduce

# The binaries, static and reproducible: ./coredns and ./holdfast. The command asks each
# server once: HTTP/2 would be half a megabyte of the image for nothing.
build:
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o $(BIN)/coredns ./build/coredns
	$(MAKE) build-command BIN=$(BIN)

# The command alone, which runs where no server does.
build-command:
	CGO_ENABLED=0 go build -trimpath -tags nethttpomithttp2 -ldflags "$(LDFLAGS)" -o $(BIN)/holdfast ./cmd/holdfast

# All tests, and at the end the Debian packages for want of which some were skipped.
test:
	go run ./test
	go -C test/cluster test ./...
	go -C test/page test ./...
	go -C test/helm test -count=1 ./...
	go -C test/monitoring test ./...

# All tests, and the binary that they start, under the race detector (needs a C compiler).
race:
	CGO_ENABLED=1 go run ./test -race -timeout 20m ./...

# Formatting, vet, staticcheck, and go.mod as it should be.
lint:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff
	go -C test/cluster vet ./...
	cd test/cluster && go run $(STATICCHECK) ./...
	go -C test/cluster mod tidy -diff
	go -C test/page vet ./...
	cd test/page && go run $(STATICCHECK) ./...
	go -C test/page mod tidy -diff
	go -C test/helm vet ./...
	cd test/helm && go run $(STATICCHECK) ./...
	go -C test/helm mod tidy -diff
	go -C test/monitoring vet ./...
	cd test/monitoring && go run $(STATICCHECK) ./...
	go -C test/monitoring mod tidy -diff
	go -C build/tools mod tidy -diff

# Each fuzz target for FUZZTIME.
fuzz:
	.ci/fuzz $(FUZZTIME)

# Each plugin beside the chain without it and beside CoreDNS's own, the storm's table, a
# thousand zones at rest, and the CPU of whole processes (needs dnsperf).
bench:
	go test -run '^$$' -bench . -benchmem ./plugin/... ./test/...

# What is made of other files: the lists of plugins, schemas, build/monitoring, build/helm.
gen:
	go generate ./...

# Each page of others that ours link to (needs the Internet, so CI does not run it).
links:
	HOLDFAST_LINKS=1 go test -count=1 -run TestLinksOutsideAreHTTPS ./test/readme

# The README's recipe for one's own CoreDNS, on CoreDNS's source from the module cache.
recipe:
	.ci/recipe

# CoreDNS's own end-to-end tests on what the recipe builds, without and with ttlfloor in every
# server block: no test may fail but those listed in test/suite, each with its reason.
suite:
	HOLDFAST_SUITE=1 go test -count=1 -timeout 70m -v ./test/suite

# The five incidents replayed, stock and Holdfast, and the tables of what was measured and which
# alerts fired (needs root, bind9, bird2, exabgp, iproute2, nftables and prometheus).
incidents:
	@HOLDFAST_FORBID_SKIP=1 go test -count=1 -v ./test/incidents >incidents.out 2>&1 || { cat incidents.out; exit 1; }
	@grep '^|' incidents.out

# 10,000 questions to an Unbound and a Knot Resolver each, of raised and of stock answers
# (needs root, bind9, bind9-utils, iproute2, knot-resolver and unbound).
resolvers:
	HOLDFAST_RESOLVERS=30s HOLDFAST_FORBID_SKIP=1 go test -count=1 -v -run AsOftenAsStockOnes ./test/chains

# A real Kubernetes cluster on this machine, stock CoreDNS and Holdfast in it, and the table
# of what was measured (needs root and what test/cluster/README.md lists). CLUSTER has flags.
cluster: cluster-program
	bin/cluster $(CLUSTER)

# The part of it that takes about ten minutes.
cluster-gate: cluster-program
	bin/cluster -gate $(CLUSTER)

# What a run has left that was killed by SIGKILL.
cluster-down: cluster-program
	bin/cluster down

cluster-program:
	go -C test/cluster build -o ../../bin/cluster .

# The image without a registry, named holdfast unless IMAGE says otherwise; for another
# architecture: make image GOARCH=arm64
image:
	build/image/local $(IMAGE)

# What is in the image, in the directory ROOT. A file's capability needs root.
image-root:
	install -d $(ROOT)/etc/ssl/certs
	$(MAKE) build BIN=$(ROOT)
	$$([ "$$(id -u)" = 0 ] || echo sudo) setcap cap_net_bind_service=+ep $(ROOT)/coredns
	install -m 644 /etc/ssl/certs/ca-certificates.crt $(ROOT)/etc/ssl/certs/
	install -m 644 LICENSE $(ROOT)/

# The deb and the rpm, in bin/release; for another architecture: make packages GOARCH=arm64
packages: release-tools
	build/packages/local $(VERSION) bin/release

# All that is published with a version, in bin/release: archives, packages, SBOMs and
# checksums. PLATFORMS may be fewer.
release: release-tools
	build/release/local $(VERSION) $(PLATFORMS)

# What makes manuals, packages and SBOMs. For this machine, whatever GOARCH says.
release-tools:
	env -u GOOS -u GOARCH go -C build/tools build -o ../../bin/tools/ tool

# The binaries of make build once more, from a clone in another folder: want the same bytes.
reproduce: build
	build/release/reproduce
