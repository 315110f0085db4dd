package zones

import (
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

func TestOneOfTwoPrimariesThatIsAheadCounts(t *testing.T) {
	t.Parallel()
	const zone = "ahead.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(1, lab.Eager)})
	n := startPrimary(t, "NSD", zone, state{serial: 1, timers: lab.Lazy})
	o := startWithTwoPrimaries(t, zone, b, n)

	fault := n.becomes(t, state{serial: 2, timers: lab.Lazy})
	flagged := o.flaggedAfter(t, fault, time.Now(), maxAge, "%s behind, serial 1 < 2")

	// The primary that still answers has what we have: that takes nothing back.
	n.End(syscall.SIGTERM)
	o.referenceIs(t, n.addr, 0)
	o.referenceIs(t, b.Addr, 1)
	o.stays(t, faultShows, flagged)

	n.becomes(t, state{serial: 1, timers: lab.Lazy})
	o.unflagged(t, time.Now())
}

func TestOneOfTwoPrimariesThatIsBehindUsIsNoReset(t *testing.T) {
	t.Parallel()
	const zone = "lagging.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(2, lab.Eager)})
	n := startPrimary(t, "NSD", zone, state{serial: 1, timers: lab.Lazy})
	o := startWithTwoPrimaries(t, zone, b, n)
	o.stays(t, faultShows, plain)
	o.expectStatus(t, "fresh")

	// What the other said last still stands.
	b.End(syscall.SIGTERM)
	o.referenceIs(t, b.Addr, 0)
	o.stays(t, faultShows, plain)

	// Back with the serial of the one that was behind, the two agree: we are above both.
	b.Replace(t, zone, lab.ZoneText(1, lab.Eager))
	fault := time.Now()
	b.run(t)
	o.flagged(t, fault, maxAge, "above the primary for %s, serial 2 > 1")
}

// startWithTwoPrimaries runs a secondary that transfers from BIND and watches both.
func startWithTwoPrimaries(t *testing.T, zone string, b *bind, n *primary) onlooker {
	t.Helper()
	s := embedded.Start(t, zone+":0 {\n bind 127.0.0.1\n"+stanza(maxAge, "primary "+b.Addr+" "+n.addr)+
		"secondary {\n transfer from "+b.Addr+"\n}\n}", nil)
	o := onlooker{addr: s.UDP, zone: zone}
	lab.Until(t, "the first transfer", func() bool { _, ok := serialAt(o.addr, zone); return ok })
	o.referenceIs(t, b.Addr, 1)
	o.referenceIs(t, n.addr, 1)
	return o
}
