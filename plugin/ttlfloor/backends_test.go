package ttlfloor

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/coredns/coredns/plugin/file"
	_ "github.com/coredns/coredns/plugin/hosts"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

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
								return
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
