package test

import (
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// backend is a DNS server that answers a canary with what it is told to.
type backend struct {
	addr  string
	rcode atomic.Int32
}

const silent = -1 // no answer at all

func startBackend(t *testing.T) *backend {
	t.Helper()
	b := new(backend)
	b.addr = startDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		if rcode := b.rcode.Load(); rcode != silent {
			_ = w.WriteMsg(new(dns.Msg).SetRcode(r, int(rcode)))
		}
	})
	return b
}

func (b *backend) answers(rcode int32) { b.rcode.Store(rcode) }
