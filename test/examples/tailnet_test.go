package examples

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

func TestExampleTailnetTurnsToTheNextUpstream(t *testing.T) {
	t.Parallel()
	magic, first, second := lab.StartUpstream(t), lab.StartUpstream(t), lab.StartUpstream(t)
	magic.Blind.Store(dns.RcodeServerFailure)
	e := &example{lab.NewTailnetPorts(t).Start(t, "127.0.0.1", magic, first, second, "")}
	lab.Until(t, "it is ready", func() bool { return e.Ready() == "200 OK" })

	typed := lab.Typed(t, "corefile-examples/tailnet/README.md", 2)
	expect := func(run string) {
		t.Helper()
		for _, domain := range []string{lab.Tailnet, "example.net."} {
			if n := e.Resolves(5, run, domain); n != 5 {
				t.Errorf("%s: %d of 5 names of %s resolve", run, n, domain)
			}
		}
	}
	expect("well")
	e.awaitShown(t, typed[0], `^\S+\n\S+\n$`)
	if second.WasAskedFor("example.net.") {
		t.Error("the second upstream was asked while the first answers")
	}
	for rcode, run := range map[int32]string{dns.RcodeServerFailure: "servfail", dns.RcodeRefused: "refused"} {
		first.Blind.Store(rcode)
		expect(run)
	}
	for _, u := range []*lab.Upstream{first, second} {
		if u.WasAskedFor(lab.Tailnet) {
			t.Error("a name of the tailnet was told to an upstream of the rest")
		}
	}
	if magic.WasAskedFor("example.net.") {
		t.Error("the tailnet's resolver was asked for a name that is not its own")
	}

	// With all of them blind it says which half, and stays. What was known goes on.
	second.Blind.Store(dns.RcodeServerFailure)
	readme := readExample(t, "tailnet/README.md")
	for _, metric := range []string{`coredns_selfpreserve_fit{check="canary example.com. A"} 0`, `coredns_selfpreserve_fit{check="canary gate.tail1234.ts.net. A"} 1`} {
		if !strings.Contains(readme, metric+"\n") {
			t.Errorf("the README does not show %s", metric)
		}
		e.awaitMetric(t, metric)
	}
	const warning = `[WARNING] plugin/selfpreserve: Check "canary example.com. A" has failed 3 times in a row: SERVFAIL`
	if !strings.Contains(readme, warning+"\n") {
		t.Errorf("the README does not show %s", warning)
	}
	e.awaitShown(t, typed[1], `(?m)^coredns_selfpreserve_fit\{check="canary example\.com\. A"\} 0$`, `"canary example\.com\. A"`)
	lab.Until(t, "the log says so", func() bool { return len(e.Said(warning)) == 1 })
	lab.Until(t, "/ready says so", func() bool { return strings.HasPrefix(e.Ready(), "200 PRESERVED: canary example.com. A: SERVFAIL") })
	if n := e.Resolves(5, "blind", lab.Tailnet); n != 5 {
		t.Errorf("%d of 5 names of the tailnet resolve", n)
	}
	if n := e.Resolves(5, "blind", "example.net."); n != 0 {
		t.Errorf("%d of 5 names resolve that nobody knows", n)
	}
	lab.Eventually(t, lab.Slow, func() string { // the cache's least TTL later it is what serve_stale says
		reply := e.ask(t, "well-0.example.net.", dns.TypeA)
		if len(reply.Answer) != 1 {
			t.Fatalf("a name that was known does not resolve:\n%v", reply)
		}
		if reply.Answer[0].Header().Ttl != 30 {
			return reply.String()
		}
		return ""
	})
}
