package zones

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// A secondary of a secondary. When the source is gone, the one in the middle answers on, for
// as long as its copy lasts, and says so by RFC 7314: ours lasts as long, and not as much again.
func TestZoneExpiresWithThatOfAPrimaryThatIsASecondary(t *testing.T) {
	t.Parallel()
	const expire = 14 * time.Second
	for _, middle := range []string{"BIND", "Knot"} { // NSD 4.6 and PowerDNS 4.7 do not say it
		t.Run(middle, func(t *testing.T) {
			t.Parallel()
			zone := strings.ToLower(middle) + ".middle.example."
			source := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(1, "2 2 14")})
			between := secondaries[middle](t, zone, source.Addr)
			lab.Until(t, middle+" has the zone", func() bool { _, ok := serialAt(between, zone); return ok })
			s := embedded.Start(t, zone+":0 {\n bind 127.0.0.1\n"+stanza(maxAge, "primary "+between)+"secondary {\n transfer from "+between+"\n}\n}", nil)
			o := onlooker{addr: s.UDP, zone: zone}
			left := func() time.Duration {
				seconds, ok := metric(t, "expires_in_seconds", "zone", zone)
				if !ok {
					return expire
				}
				return time.Duration(seconds * float64(time.Second))
			}
			o.await(t, time.Now(), lab.Patience, func(sight) bool { return true }, o.plainAnd(t, "fresh"))
			o.stays(t, expire, func(s sight) bool { return plain(s) && left() > expire/3 }) // the middle asks, and so it does not run out

			fault := time.Now()
			source.End(syscall.SIGKILL)
			lab.Until(t, "little is left, though the primary answers", func() bool {
				up, _ := metric(t, "reference_up", "zone", zone, "reference", between)
				return up == 1 && left() < expire/3
			})
			expired := says(dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, `zone expired, its source was last reached \d+s ago`)
			flagged := o.await(t, fault, expire+2*interval+slack, plain, expired)
			t.Logf("flagged %s after the source has gone, with an EXPIRE of %s", flagged.at.Sub(fault), expire)
		})
	}
}
