package zones

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"

	"github.com/miekg/dns"
)

const (
	beatPeriod = interval / 2
	beatAge    = 3 * time.Second // twice what a beat in whole seconds may have before the next
)

// startDynamic runs a primary of CoreDNS's own whose zone has its heartbeat at beat.
func startDynamic(t *testing.T, zone string) onlooker {
	t.Helper()
	s := embedded.Start(t, zone+":0 {\n bind 127.0.0.1\n"+stanza(beatAge, "heartbeat beat."+zone)+`
		tsig {
			secret `+lab.TSIGKey+" "+lab.TSIGSecret+`
			require_opcode UPDATE
		}
		dynupdate {
			file $DIR/db
			allow `+lab.TSIGKey+` * *
		}
	}`, map[string]string{"db": lab.ZoneText(1, lab.Lazy)})
	return onlooker{addr: s.UDP, zone: zone}
}

func (o onlooker) beat(t *testing.T, text string) {
	t.Helper()
	nsupdate(t, o.addr, o.zone, "delete beat.$ZONE TXT", fmt.Sprintf("add beat.$ZONE 5 TXT %q", text))
}

// beats writes the time each period, for a while in which every answer has to be plain,
// and returns the last that it has written.
func (o onlooker) beats(t *testing.T, during time.Duration, format func(time.Time) string) time.Time {
	t.Helper()
	pace := time.NewTicker(beatPeriod)
	defer pace.Stop()
	// On a busy machine the one of the start is old by now, and the first look may still see it.
	var written time.Time
	fresh := o.plainAnd(t, "fresh")
	lab.Eventually(t, lab.Patience, func() string {
		if now := time.Now(); now.Sub(written) >= beatPeriod {
			o.beat(t, format(now))
			written = now
		}
		if s := o.ask("www." + o.zone); !fresh(s) {
			return fmt.Sprint(s.reply)
		}
		return ""
	})
	for begin := time.Now(); ; <-pace.C {
		now := time.Now()
		o.beat(t, format(now))
		if s := o.ask("www." + o.zone); !plain(s) {
			t.Fatalf("not plain %s later\n%v", now.Sub(begin), s.reply)
		}
		if now.Sub(begin) > during {
			return now.Truncate(time.Second)
		}
	}
}

func unixSeconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
func rfc3339(at time.Time) string     { return at.Format(time.RFC3339) }

func TestZoneWhoseHeartbeatStopsIsFlaggedUntilItBeatsAgain(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]func(time.Time) string{"unix": unixSeconds, "rfc3339": rfc3339} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startDynamic(t, name+".heartbeat.example.")
			last := o.beats(t, beatAge+2*interval+slack, format)
			o.expectStatus(t, "fresh")
			flagged := o.flagged(t, last, beatAge, "heartbeat is %s old")
			o.stays(t, interval, flagged)
			cure := time.Now()
			o.beat(t, format(cure))
			o.unflagged(t, cure)
		})
	}
}

// What cannot be read says nothing of the zone, nor does a time that is still to come.
func TestHeartbeatThatIsNoTimeLeavesTheAgeUnknown(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"word": "yesterday", "sign": "-1", "future": rfc3339(time.Now().Add(time.Hour))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startDynamic(t, name+".garbage.example.")
			o.beats(t, 2*interval, unixSeconds)
			o.expectStatus(t, "fresh")
			written := time.Now()
			o.beat(t, text)
			unknown := o.plainAnd(t, "unknown")
			old := says(dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, `heartbeat is (\d+)s old`) // the last one, on a slow machine
			o.await(t, written, cureShows, func(s sight) bool { return plain(s) || old(s) }, unknown)
			o.stays(t, beatAge+2*interval, unknown)
		})
	}
}
