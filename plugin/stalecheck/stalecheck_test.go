package stalecheck

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// newCheck is the plugin as a Corefile's stanza in the block of example.org sets it up.
func newCheck(tb testing.TB, stanza string) *StaleCheck {
	tb.Helper()
	c := caddy.NewTestController("dns", stanza)
	c.ServerBlockKeys = []string{"example.org.:53"}
	s, err := parse(c)
	if err != nil {
		tb.Fatalf("%s: %v", stanza, err)
	}
	s.now = func() time.Time { return at }
	for _, z := range s.zones {
		z.logged.begin = at.Add(-time.Hour) // what begins now does not come of the start
	}
	return s
}

// at is the time of all tests that need one.
var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const withPrimary = "stalecheck {\n primary 192.0.2.1\n peers 192.0.2.2\n}"

// seen lets the plugin's zone see what observe tells its history.
func (s *StaleCheck) seen(tb testing.TB, name string, observe func(h *verdict.History)) *StaleCheck {
	tb.Helper()
	z := s.byName[name]
	if z == nil {
		tb.Fatalf("no zone %s", name)
	}
	s.observe(z, func(h *verdict.History, _ time.Time) { observe(h) })
	return s
}

// behind95 is seen of a zone that is 95 s behind its primary, which answers.
func behind95(h *verdict.History) {
	h.ObserveOwn(2026112101, 1000, "", at.Add(-95*time.Second))
	h.ObserveReference(0, 2026112105, "", at.Add(-95*time.Second))
}

// behindADeadPrimary is the same, but nobody can answer in our place.
func behindADeadPrimary(h *verdict.History) {
	behind95(h)
	h.ObserveReference(0, 0, verdict.Timeout, at)
}

func neverServed(h *verdict.History) { h.ObserveOwn(0, 0, verdict.ServFail, at) }

func servedNoMore(h *verdict.History) {
	h.ObserveOwn(2026112101, 1000, "", at.Add(-5*time.Second))
	h.ObserveReference(0, 2026112101, "", at)
	h.ObserveOwn(0, 0, verdict.ServFail, at)
}

var (
	message = plugintest.Message
	records = plugintest.Records
)

func answering(m *dns.Msg) plugin.Handler {
	return plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, _ *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
}

func returning(rcode int, err error) plugin.Handler {
	return plugin.HandlerFunc(func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { return rcode, err })
}

// query asks for the question of m, with an OPT record.
func query(question string) *dns.Msg {
	name, qtype, _ := strings.Cut(question, " ")
	q := new(dns.Msg)
	q.SetQuestion(name, dns.StringToType[qtype])
	q.SetEdns0(1232, false)
	return q
}

// serve sends q through the plugin and returns what it wrote and its rcode.
func serve(tb testing.TB, s *StaleCheck, q *dns.Msg) (*dns.Msg, int) {
	tb.Helper()
	rec := dnstest.NewRecorder(new(test.ResponseWriter))
	code, err := s.ServeDNS(context.Background(), rec, q)
	if err != nil {
		tb.Fatal(err)
	}
	return rec.Msg, code
}

// ede returns the Extended DNS Errors of m.
func ede(m *dns.Msg) []dns.EDNS0_EDE {
	var found []dns.EDNS0_EDE
	if m == nil {
		return nil
	}
	if opt := m.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if e, ok := o.(*dns.EDNS0_EDE); ok {
				found = append(found, *e)
			}
		}
	}
	return found
}
