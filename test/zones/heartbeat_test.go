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
// and returns the last that it has written. A machine that leaves the test no time to
// write one has a zone that is old, as it should: the while begins anew.
func (o onlooker) beats(t *testing.T, during time.Duration, format func(time.Time) string) time.Time {
	t.Helper()
	pace := time.NewTicker(beatPeriod)
	defer pace.Stop()
	fresh := o.plainAnd(t, "fresh")
	var begin, last time.Time // the while's; what was written last, in the seconds of the text
	for deadline := time.Now().Add(2 * lab.Slow); time.Now().Before(deadline); <-pace.C {
		now := time.Now()
		o.beat(t, format(now))
		s := o.ask("www." + o.zone)
		switch late := s.at.Sub(last) >= beatAge; {
		case begin.IsZero() || late:
			begin = time.Time{}
			if !late && fresh(s) {
				begin = now
			}
		case !plain(s):
			t.Fatalf("not plain %s later, and the last was of %s before\n%v", now.Sub(begin), s.at.Sub(last), s.reply)
		case now.Sub(begin) > during:
			return now.Truncate(time.Second)
		}
		last = now.Truncate(time.Second)
	}
	t.Fatalf("not plain for %s in a row", during)
	return last
}

func unixSeconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
func rfc3339(at time.Time) string     { return at.Format(time.RFC3339) }

func TestZoneWhoseHeartbeatStopsIsFlaggedUntilItBeatsAgain(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]func(time.Time) string{"unix": unixSeconds, "rfc3339": rfc3339} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := startDynamic(t, name+".heartbeat.example.")
			last := o.beats(t, beatAge+4*interval, format)
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
