package test

import (
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
)

func TestExampleMulticlusterOutlivesAnotherCluster(t *testing.T) {
	t.Parallel()
	api := startAPIServer(t, namespace("default"), service("default", "kubernetes", corev1.ServiceSpec{ClusterIP: "10.96.0.1"}))
	outside, one, two, north := startUpstream(t), startUpstream(t), startUpstream(t), startUpstream(t)
	e := startClusterExample(t, "multicluster", "kubernetes.default.svc.east.k8s.example.org.", api, outside.addr,
		"10.2.0.53", one.addr, "10.2.1.53", two.addr, "10.3.0.53", north.addr, "10.3.1.53", north.addr)
	const west = "default.svc.west.k8s.example.org."
	resolve := func(run, domain string) {
		t.Helper()
		if n := e.resolves(5, run, domain); n != 5 {
			t.Errorf("%s: %d of 5 names of %s resolve", run, n, domain)
		}
	}
	rest := func(run string) {
		t.Helper()
		resolve(run, "default.svc.north.k8s.example.org.")
		resolve(run, "example.net.")
		if !e.answers("kubernetes.default.svc.east.k8s.example.org.") {
			t.Error("the own cluster's name does not resolve")
		}
	}
	resolve("well", west)
	rest("well")
	one.blind.Store(dns.RcodeServerFailure) // it is up, and has lost its API server
	resolve("half", west)

	one.blind.Store(silent)
	two.blind.Store(silent)
	eventually(t, slow, func() string { // the cache's least TTL later it is what serve_stale says
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
	for _, u := range []*upstream{one, two} {
		e.awaitAbove0(t, `coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="`+u.addr+`"}`)
	}
	until(t, "it is ready", func() bool { return e.ready() == "200 OK" })
	for _, u := range []*upstream{outside, one, two} {
		if u.was("east.k8s.example.org.") {
			t.Error("a name of the own cluster was forwarded")
		}
	}
	if outside.was("k8s.example.org.") {
		t.Error("a name of another cluster was asked for outside")
	}
}
