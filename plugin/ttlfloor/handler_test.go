package ttlfloor

import (
	"context"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin/file"
	_ "github.com/coredns/coredns/plugin/hosts"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
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

func TestResponsesAreCountedOncePerReason(t *testing.T) {
	ctx := context.WithValue(context.Background(), dnsserver.Key{}, &dnsserver.Server{Addr: "dns://" + t.Name()})
	ctx = context.WithValue(ctx, dnsserver.ViewKey{}, "inside")
	floor := newFloor(t, "ttlfloor {\n spread -50% -10%\n}")
	count := func(i int) float64 {
		return testutil.ToFloat64(responsesTotal.WithLabelValues("dns://"+t.Name(), "example.org.", "inside", reasonNames[i]))
	}
	var before [4]float64
	for i := range before {
		before[i] = count(i)
	}
	for _, step := range []struct {
		m    *dns.Msg
		want [4]float64 // of reasonNames, after the step
	}{
		{message(t, "a.example.org. A", "a.example.org. 0 IN A 10.0.0.1", "a.example.org. 0 IN A 10.0.0.2"), [4]float64{1, 0, 0, 0}},
		{message(t, "a.example.org. A", "a.example.org. 1 IN CNAME b.example.org.", "b.example.org. 0 IN A 10.0.0.2"), [4]float64{2, 1, 0, 0}},
		{message(t, "a.example.org. A", "a.example.org. 300 IN A 10.0.0.1"), [4]float64{2, 1, 0, 1}},
		{message(t, "a.example.org. A", "rcode: NXDOMAIN", "authority: example.org. 1 IN SOA ns.example.org. h.example.org. 1 2 3 4 5"), [4]float64{2, 1, 1, 1}},
		{message(t, "a.example.org. A", "rcode: SERVFAIL"), [4]float64{2, 1, 1, 1}},
	} {
		serve(t, floor, ctx, step.m)
		for i, reason := range reasonNames {
			if got := count(i) - before[i]; got != step.want[i] {
				t.Errorf("after %s: %s is %v, want %v", step.m.Question[0].Name, reason, got, step.want[i])
			}
		}
	}
}

func TestEachListenerHasItsOwnCounter(t *testing.T) {
	floor := newFloor(t, "ttlfloor")
	for _, addr := range []string{"dns://one", "dns://two", "dns://one"} {
		counter := responsesTotal.WithLabelValues(addr, "example.org.", "", "zero")
		before := testutil.ToFloat64(counter)
		ctx := context.WithValue(context.Background(), dnsserver.Key{}, &dnsserver.Server{Addr: addr})
		serve(t, floor, ctx, message(t, "a.example.org. A", "a.example.org. 0 IN A 10.0.0.1"))
		if n := testutil.ToFloat64(counter) - before; n != 1 {
			t.Errorf("%v responses counted for %s, want 1", n, addr)
		}
	}
}

func TestMetricsAreThoseOfTheREADME(t *testing.T) {
	ctx := context.WithValue(context.Background(), dnsserver.Key{}, &dnsserver.Server{Addr: "dns://" + t.Name()})
	serve(t, newFloor(t, "ttlfloor"), ctx, message(t, "a.example.org. A", "a.example.org. 0 IN A 10.0.0.1"))
	problems, err := testutil.GatherAndLint(prometheus.DefaultGatherer)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "coredns_ttlfloor_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var exported []string
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "coredns_ttlfloor_") {
			continue
		}
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		exported = append(exported, f.GetName()+" "+strings.Join(labels, " "))
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile("`(coredns_ttlfloor_\\w+)\\{([^}]*)\\}`").FindAllStringSubmatch(string(readme), -1) {
		labels := strings.Split(strings.ReplaceAll(m[2], " ", ""), ",")
		slices.Sort(labels)
		documented = append(documented, m[1]+" "+strings.Join(labels, " "))
	}
	if len(exported) == 0 || !slices.Equal(exported, documented) {
		t.Errorf("exported %q, documented %q", exported, documented)
	}
}

const zoneFile = `$ORIGIN example.org.
@    0 IN SOA ns h 1 7200 900 1209600 0
@    0 IN NS  ns
ns   0 IN A   10.0.0.53
www  0 IN A   10.0.0.1
www  0 IN A   10.0.0.2
cn   2 IN CNAME www
_s   1 IN SRV 0 0 80 www
`

// Thousands of queries at a time must leave what the backends hold as it was. Under
// the race detector a single write to a record of the zone fails this too.
func TestBackendsDataStaysUnderConcurrentQueries(t *testing.T) {
	zone, err := file.Parse(strings.NewReader(zoneFile), "example.org.", "db.example.org", 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, backend := range map[string]interface {
		ServeDNS(context.Context, dns.ResponseWriter, *dns.Msg) (int, error)
		Name() string
	}{
		"file":  file.File{Zones: file.Zones{Z: map[string]*file.Zone{"example.org.": zone}, Names: []string{"example.org."}}},
		"hosts": handlerFromCorefile(t, "hosts {\n ttl 1\n 10.0.0.1 www.example.org\n 10.0.0.2 www.example.org\n}", nil),
	} {
		t.Run(name, func(t *testing.T) {
			floor := newFloor(t, "ttlfloor {\n spread 10% 50%\n}")
			floor.Next = backend
			ask := func(h interface {
				ServeDNS(context.Context, dns.ResponseWriter, *dns.Msg) (int, error)
			}, qname string, qtype uint16) *dns.Msg {
				query := new(dns.Msg)
				query.SetQuestion(qname, qtype)
				query.Id = 0
				rec := dnstest.NewRecorder(&test.ResponseWriter{RemoteIP: net.IPv4bcast.String()})
				if _, err := h.ServeDNS(context.Background(), rec, query); err != nil {
					t.Error(err)
				}
				if rec.Msg == nil {
					return new(dns.Msg)
				}
				return rec.Msg
			}
			questions := []dns.Question{
				{Name: "www.example.org.", Qtype: dns.TypeA}, {Name: "cn.example.org.", Qtype: dns.TypeA},
				{Name: "_s.example.org.", Qtype: dns.TypeSRV}, {Name: "www.example.org.", Qtype: dns.TypeMX},
				{Name: "gone.example.org.", Qtype: dns.TypeA}, {Name: "example.org.", Qtype: dns.TypeNS},
			}
			if name == "hosts" {
				questions = questions[:1]
			}
			var before []string
			for _, q := range questions {
				before = append(before, ask(backend, q.Name, q.Qtype).String())
			}
			var askers sync.WaitGroup
			for i := range 16 {
				askers.Go(func() {
					for j := range 500 {
						q := questions[(i+j)%len(questions)]
						for _, rr := range ask(floor, q.Name, q.Qtype).Answer {
							if rr.Header().Ttl < 5 && rr.Header().Rrtype != dns.TypeNS {
								t.Errorf("%v was not raised", rr)
							}
						}
					}
				})
			}
			askers.Wait()
			for i, q := range questions {
				if after := ask(backend, q.Name, q.Qtype).String(); after != before[i] {
					t.Errorf("%s's data was changed from\n%s\nto\n%s", name, before[i], after)
				}
			}
		})
	}
}
