package upstream

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

func TestRewriteTakesTheFlagsOfEDNSForATTL(t *testing.T) {
	d := defect{t, "rewrite-ttl-opt.md"}
	s := d.start(lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		rr, _ := dns.NewRR(r.Question[0].Name + " 1 IN A 192.0.2.1")
		m.Answer = []dns.RR{rr}
		m.SetEdns0(1232, false)
		_ = w.WriteMsg(m)
	}))
	for name, want := range map[string]uint16{"at.stock.example.": 0, "www.example.org.": 0x0e00} {
		reply := s.Ask(t, "udp", lab.QueryWithOPT(name, dns.TypeA, 1232))
		opt := reply.IsEdns0()
		if opt == nil {
			t.Fatalf("no OPT record in\n%v", reply)
		}
		d.stands(opt.Z() == want, reply)
	}
}
