package test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestExampleTailnetTurnsToTheNextUpstream(t *testing.T) {
	t.Parallel()
	magic, first, second := startUpstream(t), startUpstream(t), startUpstream(t)
	magic.blind.Store(dns.RcodeServerFailure)
	e := &example{newTailnetPorts(t).start(t, "127.0.0.1", magic, first, second, "")}
	until(t, "it is ready", func() bool { return e.ready() == "200 OK" })

	expect := func(run string) {
		t.Helper()
		for _, domain := range []string{tailnet, "example.net."} {
			if n := e.resolves(5, run, domain); n != 5 {
				t.Errorf("%s: %d of 5 names of %s resolve", run, n, domain)
			}
		}
	}
	expect("well")
	if second.was("example.net.") {
		t.Error("the second upstream was asked while the first answers")
	}
	for rcode, run := range map[int32]string{dns.RcodeServerFailure: "servfail", dns.RcodeRefused: "refused"} {
		first.blind.Store(rcode)
		expect(run)
	}
	for _, u := range []*upstream{first, second} {
		if u.was(tailnet) {
			t.Error("a name of the tailnet was told to an upstream of the rest")
		}
	}
	if magic.was("example.net.") {
		t.Error("the tailnet's resolver was asked for a name that is not its own")
	}

	// With all of them blind it says which half, and stays. What was known goes on.
	second.blind.Store(dns.RcodeServerFailure)
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
	until(t, "the log says so", func() bool { return len(e.said(warning)) == 1 })
	until(t, "/ready says so", func() bool { return strings.HasPrefix(e.ready(), "200 PRESERVED: canary example.com. A: SERVFAIL") })
	if n := e.resolves(5, "blind", tailnet); n != 5 {
		t.Errorf("%d of 5 names of the tailnet resolve", n)
	}
	if n := e.resolves(5, "blind", "example.net."); n != 0 {
		t.Errorf("%d of 5 names resolve that nobody knows", n)
	}
	eventually(t, slow, func() string { // the cache's least TTL later it is what serve_stale says
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
