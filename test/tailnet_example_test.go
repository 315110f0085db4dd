package test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// upstream knows some domain, or all names, and remembers what it was asked for.
type upstream struct {
	addr  string
	blind atomic.Int32 // the rcode of what is not in the tailnet's domain, or silent, or 0

	mu    sync.Mutex
	asked []string
}

const tailnet = "tail1234.ts.net."

func startUpstream(t *testing.T) *upstream {
	t.Helper()
	u := new(upstream)
	u.addr = startDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		m, name := new(dns.Msg).SetReply(r), r.Question[0].Name
		u.mu.Lock()
		u.asked = append(u.asked, name)
		u.mu.Unlock()
		rcode := u.blind.Load()
		if rcode == silent {
			return
		}
		if rcode != 0 && !dns.IsSubDomain(tailnet, name) {
			m.Rcode = int(rcode)
		} else if r.Question[0].Qtype == dns.TypeA {
			rr, _ := dns.NewRR(name + " 1 IN A 192.0.2.80")
			m.Answer = append(m.Answer, rr)
		}
		_ = w.WriteMsg(m)
	})
	return u
}

// was is whether it was asked for a name that ends in this.
func (u *upstream) was(askedFor string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, name := range u.asked {
		if strings.HasSuffix(name, askedFor) {
			return true
		}
	}
	return false
}

// tailnetPorts are those of servers with the tailnet's Corefile, at any address.
type tailnetPorts struct{ dns, http, metrics, health string }

func newTailnetPorts(t *testing.T) tailnetPorts {
	t.Helper()
	binary(t) // before there are ports that are free now
	return tailnetPorts{freePort(t), freePort(t), freePort(t), freePort(t)}
}

// startTailnet starts the example at an address of loopback, with these upstreams of the
// tailnet and of the rest, and more lines for selfpreserve.
func (p tailnetPorts) start(t *testing.T, ip string, magic, first, second *upstream, lines string) *example {
	t.Helper()
	corefile := replaced(t, readExample(t, "tailnet/Corefile"),
		".:53 {", ".:"+p.dns+" {", "bind 127.0.0.1", "bind "+ip,
		"selfpreserve 127.0.0.1:8182 {", "selfpreserve "+ip+":"+p.http+" {\n"+lines,
		"prometheus 127.0.0.1:9153", "prometheus "+ip+":"+p.metrics,
		"health 127.0.0.1:8080", "health "+ip+":"+p.health,
		"100.100.100.100", magic.addr, "9.9.9.9", first.addr, "1.1.1.1", second.addr)
	return runExample(t, corefile, ip+":"+p.dns, ip+":"+p.http, ip+":"+p.metrics)
}

// resolves counts how many of n names below a domain, that nobody has asked for yet, are
// answered.
func (e *example) resolves(n int, run, domain string) (answered int) {
	for i := range n {
		if e.answers(fmt.Sprintf("%s-%d.%s", run, i, domain)) {
			answered++
		}
	}
	return answered
}

func TestExampleTailnetTurnsToTheNextUpstream(t *testing.T) {
	t.Parallel()
	magic, first, second := startUpstream(t), startUpstream(t), startUpstream(t)
	magic.blind.Store(dns.RcodeServerFailure)
	e := newTailnetPorts(t).start(t, "127.0.0.1", magic, first, second, "")
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
