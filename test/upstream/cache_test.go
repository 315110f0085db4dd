package upstream

import (
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

func TestCacheDoesNotMarkWhatIsStale(t *testing.T) {
	d := defect{t, "cache-stale-unmarked.md"}
	var gone atomic.Bool
	s := d.start(lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		if gone.Load() {
			m.Rcode = dns.RcodeServerFailure
		} else {
			rr, _ := dns.NewRR("www.example.org. 1 IN A 192.0.2.1")
			m.Answer = []dns.RR{rr}
		}
		_ = w.WriteMsg(m)
	}))
	d.ask(s, "www.example.org.", dns.TypeA)
	gone.Store(true)
	var reply *dns.Msg
	lab.Until(t, "the answer is stale", func() bool {
		reply = d.ask(s, "www.example.org.", dns.TypeA)
		return len(reply.Answer) == 1 && reply.Answer[0].Header().Ttl == 0
	})
	d.stands(reply.IsEdns0() != nil && len(lab.Explanations(reply)) == 0, reply)
}

func TestCacheRaisesTTLsAboveTheOriginalOnesOfSignatures(t *testing.T) {
	d := defect{t, "cache-original-ttl.md"}
	s := d.start("")
	for range 2 { // a miss and a hit
		reply := d.ask(s, "a.d.example.org.", dns.TypeA)
		if len(reply.Answer) != 4 {
			t.Fatalf("want a DNAME, its signature, a CNAME and an address, got\n%v", reply)
		}
		for _, rr := range reply.Answer {
			d.stands(rr.Header().Ttl > 2, reply)
		}
	}
}
