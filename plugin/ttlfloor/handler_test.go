package ttlfloor

import (
	"context"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// serve sends a query for the question of m through floor to a plugin that answers m.
func serve(t *testing.T, floor *TTLFloor, ctx context.Context, m *dns.Msg) *dns.Msg {
	t.Helper()
	floor.Next = answering(m)
	query := new(dns.Msg)
	query.Question = m.Question
	rec := dnstest.NewRecorder(new(test.ResponseWriter))
	if code, err := floor.ServeDNS(ctx, rec, query); code != dns.RcodeSuccess || err != nil {
		t.Fatalf("ServeDNS = %d, %v", code, err)
	}
	return rec.Msg
}

func TestOnlyItsOwnZonesAreRaised(t *testing.T) {
	floor := newFloor(t, "ttlfloor 10s a.example.org {\n jitter off\n except x.a.example.org\n}")
	for name, want := range map[string]uint32{
		"a.example.org.": 30, "WWW.A.example.org.": 30, "b.example.org.": 0, "x.a.example.org.": 0, "y.x.a.example.org.": 0,
	} {
		m := serve(t, floor, context.Background(), message(t, name+" A", name+" 0 IN A 10.0.0.1"))
		if got := m.Answer[0].Header().Ttl; got != want {
			t.Errorf("%s has TTL %d, want %d", name, got, want)
		}
	}
}

func TestQueriesThatAreNotLookupsGetNoWriter(t *testing.T) {
	for name, spoil := range map[string]func(*dns.Msg){
		"AXFR":          func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAXFR },
		"IXFR":          func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeIXFR },
		"NOTIFY":        func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify },
		"UPDATE":        func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate },
		"no question":   func(m *dns.Msg) { m.Question = nil },
		"two questions": func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			floor := newFloor(t, "ttlfloor")
			answer := message(t, "a.example.org. A", "a.example.org. 0 IN A 10.0.0.1")
			floor.Next = answering(answer)
			query := new(dns.Msg)
			query.SetQuestion("a.example.org.", dns.TypeA)
			spoil(query)
			rec := dnstest.NewRecorder(new(test.ResponseWriter))
			if _, err := floor.ServeDNS(context.Background(), rec, query); err != nil {
				t.Fatal(err)
			}
			if rec.Msg != answer {
				t.Errorf("the reply was touched: %v", rec.Msg)
			}
		})
	}
}

func TestNilMessageIsAnError(t *testing.T) {
	floor := newFloor(t, "ttlfloor")
	floor.Next = answering(nil)
	query := new(dns.Msg)
	query.SetQuestion("a.example.org.", dns.TypeA)
	_, err := floor.ServeDNS(context.Background(), dnstest.NewRecorder(new(test.ResponseWriter)), query)
	if err == nil || !strings.Contains(err.Error(), "ttlfloor: response message is nil") {
		t.Errorf("ServeDNS of a nil message: %v", err)
	}
}

func TestNoNextPluginIsAnError(t *testing.T) {
	query := new(dns.Msg)
	query.SetQuestion("a.example.org.", dns.TypeA)
	code, err := newFloor(t, "ttlfloor").ServeDNS(context.Background(), new(test.ResponseWriter), query)
	if code != dns.RcodeServerFailure || err == nil {
		t.Errorf("ServeDNS = %d, %v", code, err)
	}
}
