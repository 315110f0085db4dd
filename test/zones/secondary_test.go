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

func TestSecondaryWhosePrimaryHasMovedOnIsFlaggedUntilItTransfers(t *testing.T) {
	withEachMake(t, "blocked", state{serial: 1, timers: lab.Eager}, func(t *testing.T, p *primary, o onlooker) {
		o.await(t, time.Now(), lab.Patience, plain, o.plainAnd(t, "fresh"))

		fault := p.becomes(t, state{serial: 2, timers: lab.Eager, frozen: true})
		flagged := o.flaggedAfter(t, fault, time.Now(), maxAge, "%s behind, serial 1 < 2")
		if age, _ := metric(t, "age_seconds", "zone", o.zone, "source", "primary"); age <= maxAge.Seconds() || age > time.Since(fault).Seconds() {
			t.Errorf("the metric says that the zone is %v s old, %s after the fault", age, time.Since(fault))
		}
		if denied := o.ask("gone." + o.zone); !says(dns.RcodeNameError, dns.ExtendedErrorCodeStaleNXDOMAINAnswer, `\d+s behind, serial 1 < 2`)(denied) {
			t.Errorf("a denial is not flagged\n%v", denied.reply)
		}
		// Who has not asked for an explanation gets none, but comes back soon all the same.
		client := dns.Client{Timeout: lab.Patience}
		if reply, _, err := client.Exchange(lab.Query("www."+o.zone, dns.TypeA), o.addr); err != nil || reply.IsEdns0() != nil || reply.Answer[0].Header().Ttl > 30 {
			t.Errorf("%v without EDNS\n%v", err, reply)
		}

		// What the primary said last still stands when it says nothing more, or is dead.
		p.becomes(t, state{serial: 2, timers: lab.Eager, absent: true})
		o.referenceIs(t, p.addr, 0)
		o.stays(t, 2*interval, flagged)
		p.End(syscall.SIGKILL)
		lab.Until(t, "a probe of the dead primary", func() bool {
			n, _ := metric(t, "probe_failures_total", "reference", p.addr, "reason", "unreachable")
			return n > 0
		})
		o.stays(t, 2*interval, flagged)

		p.becomes(t, state{serial: 2, timers: lab.Eager})
		o.unflagged(t, o.transferred(t, 2))
		if s := o.ask("www." + o.zone); !plain(s) || s.reply.Answer[0].Header().Ttl != 3600 {
			t.Errorf("not as in the zone\n%v", s.reply)
		}
	})
}

// CoreDNS 1.15 does not let a zone expire whose primary answers REFUSED: the answers of
// years ago go out as if they were of today. Should that be mended, this test says so.
func TestSecondaryThatShouldHaveExpiredIsFlagged(t *testing.T) {
	t.Parallel()
	const zone, expire = "refused.example.", 4 * time.Second
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(1, "1 1 4")})
	o := startSecondary(t, b.Addr, zone)
	o.referenceIs(t, b.Addr, 1)

	// Its last usable answer was up to an interval and its jitter before the fault.
	fault := time.Now().Add(-interval - interval/5)
	b.Allow(t, "any", "none")
	flagged := o.flagged(t, fault, expire, "zone expired, no primary answered for %s")
	o.stays(t, expire, flagged)

	cure := time.Now()
	b.Allow(t, "any", "any")
	o.unflagged(t, cure)
}

// The same of each make. It is asked for its serial by stalecheck alone: a poll of the secondary
// that falls between two runs of it might let the zone expire.
func TestZoneIsFlaggedWhenItsPrimaryHasRefusedForItsExpire(t *testing.T) {
	const expire = 4 * time.Second
	has := state{serial: 1, timers: "86400 86400 4"}
	withEachMake(t, "unknown", has, func(t *testing.T, p *primary, o onlooker) {
		fault := time.Now().Add(-interval - interval/5) // as above
		p.becomes(t, state{serial: 1, timers: has.timers, absent: true})
		o.flaggedAfter(t, fault, time.Now(), expire, "zone expired, no primary answered for %s")
		o.referenceIs(t, p.addr, 0)
		p.becomes(t, has)
		o.unflagged(t, time.Now())
	})
}

// A secondary of CoreDNS 1.15 expires if its polls time out, and stays so for ever if
// the primary returns with the serial that it had. Should that be mended, this test
// says so.
func TestExpiredZoneExplainsItsSERVFAILUntilItTransfers(t *testing.T) {
	t.Parallel()
	const zone, expire = "expired.example.", 4 * time.Second
	// A poll takes CoreDNS up to 7 s, so that with this REFRESH the first that fails ends
	// in the zone's expiry. With a shorter one it is left to chance which timer is next.
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: lab.ZoneText(1, "8 86400 4")})
	o := startSecondary(t, b.Addr, zone)
	o.referenceIs(t, b.Addr, 1)

	b.SendSignal(t, syscall.SIGSTOP)
	fault := time.Now()
	const silent = `zone expired, no primary answered for \d+s`
	flagged := says(dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, silent)
	servfail := func(s sight) bool { return s.reply.Rcode == dns.RcodeServerFailure }
	expired := o.await(t, fault, 4*lab.Patience, func(s sight) bool { return plain(s) || flagged(s) },
		func(s sight) bool { return s.reply != nil && servfail(s) }).at
	silence := says(dns.RcodeServerFailure, dns.ExtendedErrorCodeInvalidData, silent)
	o.await(t, later(expired, fault.Add(expire)), cureShows, servfail, silence)

	b.SendSignal(t, syscall.SIGCONT)
	o.referenceIs(t, b.Addr, 1)
	returned := time.Now()
	invalid := says(dns.RcodeServerFailure, dns.ExtendedErrorCodeInvalidData, ".*")
	unserved := says(dns.RcodeServerFailure, dns.ExtendedErrorCodeInvalidData, `not served for \d+s`)
	o.await(t, later(returned, expired.Add(maxAge)), cureShows, invalid, unserved)
	o.notify(t, zone) // which makes CoreDNS look at the primary's serial
	o.stays(t, maxAge+2*interval, unserved)
	if age, ok := metric(t, "age_seconds", "zone", zone, "source", "backend"); o.status(t) != "stale" || !ok || age <= maxAge.Seconds() {
		t.Errorf("the metrics say %s and %v s", o.status(t), age)
	}

	b.update(t, zone, "add new.$ZONE 60 A 10.0.0.2")
	o.unflagged(t, o.transferred(t, 2))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestZoneThatWasNeverLoadedIsNotReady(t *testing.T) {
	t.Parallel()
	const zone = "absent.example."
	port := lab.FreePort(t)
	addr := "127.0.0.1:" + port
	begin := time.Now()
	s := embedded.Start(t, zone+":0 {\n bind 127.0.0.1\n"+stanza(maxAge, "primary "+addr)+"secondary {\n transfer from "+addr+"\n}\n}", nil)
	o := onlooker{addr: s.UDP, zone: zone}
	notReady := says(dns.RcodeServerFailure, dns.ExtendedErrorCodeNotReady, "zone is not loaded yet")
	o.await(t, begin, cureShows, func(s sight) bool { return s.reply.Rcode == dns.RcodeServerFailure }, notReady)
	o.stays(t, faultShows, notReady)
	o.expectStatus(t, "unknown")

	startBIND(t, port, map[string]string{zone: lab.ZoneText(1, lab.Lazy)})
	o.notify(t, zone)
	o.await(t, time.Now(), lab.Patience, notReady, plain)
	loaded := time.Now()
	o.await(t, loaded, cureShows, plain, o.plainAnd(t, "fresh"))
	o.stays(t, 2*interval, plain)
}

func TestCachedAnswersOfAStaleZoneAreFlagged(t *testing.T) {
	t.Parallel()
	const zone = "cached.example."
	text := strings.Replace(lab.ZoneText(1, lab.Lazy), "www IN", "www 25 IN", 1) // below what flagged answers may have
	b := startBIND(t, lab.FreePort(t), map[string]string{zone: text})
	o := startSecondary(t, b.Addr, zone, "cache 60")
	o.referenceIs(t, b.Addr, 1)
	if s := o.ask("www." + zone); !plain(s) || s.reply.Answer[0].Header().Ttl != 25 {
		t.Fatalf("not as in the zone\n%v", s.reply)
	}

	fault := time.Now()
	b.update(t, zone, "add new.$ZONE 60 A 10.0.0.2")
	flagged := o.flagged(t, fault, maxAge, "%s behind, serial 1 < 2")
	if s := o.ask("www." + zone); !flagged(s) || s.reply.Answer[0].Header().Ttl >= 25 {
		t.Errorf("not out of the cache\n%v", s.reply)
	}
	o.unflagged(t, o.transferred(t, 2))
	if s := o.ask("www." + zone); !plain(s) || s.reply.Answer[0].Header().Ttl >= 25 {
		t.Errorf("not out of the cache\n%v", s.reply)
	}
}
