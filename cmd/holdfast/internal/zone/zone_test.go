package zone

import (
	"context"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Each label is a question, and each answer takes a good part of the timeout.
func TestALongNameTakesNoLongerThanTheTimeout(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	addr := lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		late := time.NewTimer(timeout / 4)
		defer late.Stop()
		<-late.C
		_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeRefused))
	})
	begin := time.Now()
	found, err := Of(context.Background(), timeout, addr, "a.b.c.d.e.f.g.h.example.org.")
	if err == nil {
		t.Errorf("it finds %q", found)
	}
	if took := time.Since(begin); took > 2*timeout {
		t.Errorf("it takes %s", took)
	}
}
