package examples

import (
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

func TestExampleMulticlusterOutlivesAnotherCluster(t *testing.T) {
	t.Parallel()
	api := apiserver.Start(t, apiserver.Namespace("default"), apiserver.Service("default", "kubernetes", corev1.ServiceSpec{ClusterIP: "10.96.0.1"}))
	outside, one, two, north := lab.StartUpstream(t), lab.StartUpstream(t), lab.StartUpstream(t), lab.StartUpstream(t)
	e := startClusterExample(t, "multicluster", "kubernetes.default.svc.east.k8s.example.org.", api, outside.Addr,
		"10.2.0.53", one.Addr, "10.2.1.53", two.Addr, "10.3.0.53", north.Addr, "10.3.1.53", north.Addr)
	const west = "default.svc.west.k8s.example.org."
	resolve := func(run, domain string) {
		t.Helper()
		if n := e.Resolves(5, run, domain); n != 5 {
			t.Errorf("%s: %d of 5 names of %s resolve", run, n, domain)
		}
	}
	rest := func(run string) {
		t.Helper()
		resolve(run, "default.svc.north.k8s.example.org.")
		resolve(run, "example.net.")
		if !e.Answers("kubernetes.default.svc.east.k8s.example.org.") {
			t.Error("the own cluster's name does not resolve")
		}
	}
	resolve("well", west)
	rest("well")
	// The same question for the own cluster, which here has another Service.
	typed := lab.Replaced(t, lab.Typed(t, "corefile-examples/multicluster/README.md", 1)[0], "web.default.svc.east", "kubernetes.default.svc.east")
	e.awaitShown(t, typed, `^10\.96\.0\.1\n\d+\.\d+\.\d+\.\d+\n$`)
	one.Blind.Store(dns.RcodeServerFailure) // it is up, and has lost its API server
	resolve("half", west)

	one.Blind.Store(lab.Silent)
	two.Blind.Store(lab.Silent)
	lab.Eventually(t, lab.Slow, func() string { // the cache's least TTL later it is what serve_stale says
		reply := e.ask(t, "well-0."+west, dns.TypeA)
		if len(reply.Answer) != 1 {
			t.Fatalf("a name that was known does not resolve:\n%v", reply)
		}
		if reply.Answer[0].Header().Ttl != 30 {
			return reply.String()
		}
		return ""
	})
	rest("away")
	if reply := e.ask(t, "unknown."+west, dns.TypeA); reply.Rcode != dns.RcodeServerFailure {
		t.Errorf("a name that nobody knows is answered:\n%v", reply)
	}
	for _, u := range []*lab.Upstream{one, two} {
		e.awaitAbove0(t, `coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="`+u.Addr+`"}`)
	}
	lab.Until(t, "it is ready", func() bool { return e.Ready() == "200 OK" })
	for _, u := range []*lab.Upstream{outside, one, two} {
		if u.WasAskedFor("east.k8s.example.org.") {
			t.Error("a name of the own cluster was forwarded")
		}
	}
	if outside.WasAskedFor("k8s.example.org.") {
		t.Error("a name of another cluster was asked for outside")
	}
}
