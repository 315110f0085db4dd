package lab

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// Upstream knows some domain, or all names, and remembers what it was asked for.
type Upstream struct {
	Addr  string
	Blind atomic.Int32 // the rcode of what is not in the tailnet's domain, or Silent, or 0

	mu    sync.Mutex
	asked []string
}

// StartUpstream runs one that knows all names until the test ends.
func StartUpstream(t *testing.T) *Upstream {
	t.Helper()
	u := new(Upstream)
	u.Addr = StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		m, name := new(dns.Msg).SetReply(r), r.Question[0].Name
		u.mu.Lock()
		u.asked = append(u.asked, name)
		u.mu.Unlock()
		rcode := u.Blind.Load()
		if rcode == Silent {
			return
		}
		if rcode != 0 && !dns.IsSubDomain(Tailnet, name) {
			m.Rcode = int(rcode)
		} else if r.Question[0].Qtype == dns.TypeA {
			rr, _ := dns.NewRR(name + " 1 IN A 192.0.2.80")
			m.Answer = append(m.Answer, rr)
		}
		_ = w.WriteMsg(m)
	})
	return u
}

// WasAskedFor is whether it was asked for a name that ends in this.
func (u *Upstream) WasAskedFor(askedFor string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, name := range u.asked {
		if strings.HasSuffix(name, askedFor) {
			return true
		}
	}
	return false
}
