package zones

import (
	"os"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A transfer that takes seconds, from each make. The zone is behind until it has ended, and the answers
// of the old one go out marked all the while. Not from PowerDNS 4.7, which on a busy machine begins to send so
// much later than the 2 s that CoreDNS's secondary waits.
func TestLargeZoneIsFlaggedUntilAllOfItIsTransferred(t *testing.T) {
	if os.Getenv("HOLDFAST_LARGE") == "" {
		t.Skip("transfers 200,000 records from each make; set HOLDFAST_LARGE=1 for it")
	}
	has := state{serial: 1, timers: lab.Lazy, names: 200_000}
	withMakes(t, []string{"BIND", "Knot", "NSD"}, "large", has, func(t *testing.T, p *primary, o onlooker) {
		moved := has
		moved.serial, moved.names = 2, has.names+1
		fault := p.becomes(t, moved)
		flagged := o.flaggedAfter(t, fault, time.Now(), maxAge, "%s behind, serial 1 < 2")
		o.notify(t, o.zone)
		begun := time.Now()
		came := o.await(t, begun, lab.Slow, flagged, plain).at
		t.Logf("plain again %s after NOTIFY", came.Sub(begun))
		o.unflagged(t, came)
		for _, name := range []string{"n0", "n199999", "n200000"} {
			if s := o.ask(name + "." + o.zone); !plain(s) || s.reply.Answer[0].Header().Rrtype != dns.TypeA {
				t.Errorf("%s is not there\n%v", name, s.reply)
			}
		}
	})
}
