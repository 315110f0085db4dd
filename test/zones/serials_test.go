package zones

import (
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A primary that was restored from an old backup is never transferred from again.
func TestPrimaryThatWasResetToALowerSerialIsNoticed(t *testing.T) {
	t.Parallel()
	const zone = "reset.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(10, lab.Eager)})
	o := startSecondary(t, b, zone)
	o.referenceIs(t, b.Addr, 1)

	b.End(syscall.SIGTERM)
	b.Replace(t, zone, lab.ZoneText(5, lab.Eager))
	fault := time.Now()
	b.run(t)
	flagged := o.flagged(t, fault, maxAge, "above the primary for %s, serial 10 > 5")
	o.stays(t, 2*interval, flagged)

	b.update(t, zone, "add $ZONE 3600 SOA ns.$ZONE hostmaster.$ZONE 11 1 1 1209600 60")
	o.unflagged(t, o.transferred(t, 11))
}

func TestSerialThatHasWrappedIsBehindAndNoReset(t *testing.T) {
	t.Parallel()
	const zone = "wrapped.example."
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(4294967295, lab.Lazy)})
	o := startSecondary(t, b, zone)
	o.referenceIs(t, b.Addr, 1)

	fault := time.Now()
	b.update(t, zone, "add new.$ZONE 60 A 10.0.0.2") // BIND skips 0, as RFC 2136 section 7.11 wants
	o.flagged(t, fault, maxAge, "%s behind, serial 4294967295 < 1")
	o.unflagged(t, o.transferred(t, 1))
}
