package zones

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A primary that was restored from an old backup is never transferred from again.
func TestPrimaryThatWasResetToALowerSerialIsNoticed(t *testing.T) {
	withEachMake(t, "reset", state{serial: 10, timers: lab.Eager}, func(t *testing.T, p *primary, o onlooker) {
		fault := p.becomes(t, state{serial: 5, timers: lab.Eager})
		flagged := o.flaggedAfter(t, fault, time.Now(), maxAge, "above the primary for %s, serial 10 > 5")
		o.stays(t, 2*interval, flagged)

		p.becomes(t, state{serial: 11, timers: lab.Eager})
		o.unflagged(t, o.transferred(t, 11))
	})
}

// Where the arithmetic of RFC 1982 is not that of numbers.
func TestSerialThatHasWrappedIsBehindAndNoReset(t *testing.T) {
	for name, step := range map[string]struct{ from, to uint32 }{
		"half":  {1<<31 - 1, 1 << 31},
		"whole": {1<<32 - 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			withEachMake(t, name+".wrapped", state{serial: step.from, timers: lab.Lazy}, func(t *testing.T, p *primary, o onlooker) {
				fault := p.becomes(t, state{serial: step.to, timers: lab.Lazy})
				o.flaggedAfter(t, fault, time.Now(), maxAge, fmt.Sprintf("%%s behind, serial %d < %d", step.from, step.to))
				o.unflagged(t, o.transferred(t, step.to))
			})
		})
	}
}
