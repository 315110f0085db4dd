package lab

import (
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// Backend is a DNS server that answers a canary with what it is told to.
type Backend struct {
	addr  string
	rcode atomic.Int32
}

const Silent = -1 // no answer at all

func startBackend(t *testing.T) *Backend {
	t.Helper()
	b := new(Backend)
	b.addr = StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		if rcode := b.rcode.Load(); rcode != Silent {
			_ = w.WriteMsg(new(dns.Msg).SetRcode(r, int(rcode)))
		}
	})
	return b
}

// Answers makes it answer with an rcode, or not at all if that is Silent.
func (b *Backend) Answers(rcode int32) { b.rcode.Store(rcode) }
