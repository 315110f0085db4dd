package check_test

import (
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
)

const image = "registry.example.org/holdfast:0.1.0"

const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var _ = add("kubeadm-upgrade",
	example{name: "a tag of Holdfast's"},
	example{name: "a tag of CoreDNS's", change: []string{image, "registry.example.org:5000/dns/holdfast:v1.14.2"}, finds: "v1.14.2, is one of CoreDNS's"},
	example{name: "with a digest", change: []string{image, image + digest}},
	example{name: "a digest alone", change: []string{image, "registry.example.org/holdfast" + digest}, finds: "a digest and no tag"},
	example{name: "not kubeadm's Deployment", change: []string{image, "registry.example.org/holdfast:v1.14.2", "  name: coredns\n  namespace: kube-system\n  labels", "  name: resolvers\n  namespace: kube-system\n  labels"}},
	example{name: "stock CoreDNS", change: stock("ready", "path: /ready, port: ready", "path: /ready, port: 8181", image, "registry.k8s.io/coredns/coredns:v1.14.2")},
)

// until is a certificate of so long a life, with so much of it left.
func until(left, life time.Duration) []check.Certificate {
	end := now.Add(left)
	return []check.Certificate{{Of: "cert.pem", NotBefore: end.Add(-life), NotAfter: end}}
}

const day = 24 * time.Hour

var _ = add("certificate-expiry",
	example{name: "a year", certs: until(300*day, 365*day)},
	example{name: "thirty days of a year", certs: until(30*day, 365*day)},
	example{name: "less of a year", certs: until(30*day-time.Hour, 365*day), finds: "cert.pem: expires in 719h0m0s, at 2026-12-31 11:00:00 UTC"},
	example{name: "half of a day", certs: until(12*time.Hour, day)},
	example{name: "a quarter of a day", certs: until(6*time.Hour, day), finds: "expires in 6h0m0s"},
	example{name: "over", certs: until(0, 365*day), finds: "expired at 2026-12-01 12:00:00 UTC"},
	example{name: "not yet", certs: until(91*day, 90*day), finds: "is not valid before 2026-12-02 12:00:00 UTC"},
	example{name: "of a running server", live: []check.LiveServer{{Address: "192.0.2.1:8182", Status: status("a"), Certificates: until(-day, day)}}, finds: "expired at 2026-11-30"},
)

var _ = add("manifest-fields",
	example{name: "those of the API"},
	example{name: "a typing error", change: []string{"  terminationGracePeriodSeconds: 40", "  terminationGracePeriodSeconds: 40\n      terminationGracePeriod: 40"},
		finds: `deployment.yaml:1: unknown field "spec.template.spec.terminationGracePeriod"`},
	example{name: "twice", change: []string{"  replicas: 3\n", "  replicas: 3\n  replicas: 4\n"}, finds: `"replicas" already set`},
)
