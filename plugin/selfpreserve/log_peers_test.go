package selfpreserve

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

const (
	nameFails   = "[WARNING] Looking up peers peers.test. failed: SERVFAIL; those found before are kept"
	nameIsBack  = "[INFO] Looking up peers peers.test. works again"
	nobodyOfOne = "[WARNING] The only known peer does not answer: this server stays in service until it does"
)

// says runs what comes next for a time and wants these lines of the log, beside those
// about its own fitness.
func (s *surveyor) says(t *testing.T, span time.Duration, next func(), want ...string) {
	t.Helper()
	var got []string
	for _, line := range logged(t, func() { s.set(next); time.Sleep(span); synctest.Wait() }) {
		if strings.Contains(line, "eer") && !strings.Contains(line, "In service") { // Peers, or No peer
			got = append(got, line)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestASilentPeerAndANameThatFailsAreTwoTroubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.conf.static = addrs("10.0.0.9:8182")
		s.a = "SERVFAIL"
		s.run(s.dependencies)
		s.says(t, 10*time.Second, func() {}, nameFails, nobodyOfOne)
	})
}

// The lame duck comes after the departure, and peers are still polled in it.
func TestAServerThatHasLeftDoesNotSayThatItStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		m := f.nodes[0]
		f.nodes[1].fails("REFUSED")
		time.Sleep(10 * time.Second)
		got := logged(t, func() {
			go m.holdSIGTERM()
			time.Sleep(18 * time.Second)
			f.kill(f.nodes[1]) // too late to be missed before max_hold is over
			time.Sleep(20 * time.Second)
			synctest.Wait()
		})
		const forced = "[ERROR] Leaving service by force after max_hold of 20s: too few peers have promised to stay (0 of 1 known peers answer)"
		if last := got[len(got)-1]; last != forced {
			t.Errorf("%q comes last, want %q", last, forced)
		}
	})
}

// Who finds itself alone is alone anew when the name that told it so has failed meanwhile.
func TestWhileANameFailsNobodyIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, isOneOf("10.0.0.1:8182"))
		s.a = "10.0.0.1"
		s.run(s.dependencies)
		s.says(t, 3*time.Second, func() {})
		s.says(t, 10*time.Second, func() { s.a = "SERVFAIL" }, nameFails)
		s.says(t, 3*time.Second, func() { s.a = "10.0.0.1" }, nameIsBack)
		s.says(t, 5*time.Second, func() {}, "[WARNING] No peers are known: this server stays in service until one answers")
	})
}

func TestANameThatFailsJustLongEnoughIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.up = "*"
		lookups := 0
		s.lookUp = func(_ context.Context, _ string, qtype uint16) ([]netip.Addr, error) {
			if qtype == dns.TypeAAAA {
				return nil, nil
			}
			if lookups++; lookups <= failuresTold {
				return nil, errors.New("SERVFAIL")
			}
			return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
		}
		s.run(s.dependencies)
		s.says(t, 10*time.Second, func() {}, nameFails, nameIsBack)
	})
}

func TestAnAddressThatIsNoLongerOurOwnIsAPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		own := isOneOf("10.0.0.1:8182")
		s.own = func() ownership { return own }
		s.conf.static, s.conf.names, s.up = addrs("10.0.0.1:8182", "10.0.0.2:8182"), nil, "*"
		s.run(s.dependencies)
		time.Sleep(3 * time.Second)
		if got, want := s.peersNow(), "10.0.0.2: 1 known, 1 to ask"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		s.node.mu.Lock()
		own = nobody
		s.node.mu.Unlock()
		time.Sleep(3 * time.Second)
		if got, want := s.peersNow(), "10.0.0.1 10.0.0.2: 2 known, 2 to ask"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestANameWithoutOneFamilyIsNotCalledNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.checks.add("canary a. A", func(context.Context) error { return nil })
		s.a, s.aaaa, s.up = "10.0.0.2", "SERVFAIL", "*"
		got := logged(t, func() { s.run(s.dependencies); time.Sleep(10 * time.Second); synctest.Wait() })
		const want = "[WARNING] Looking up peers peers.test. failed in part: SERVFAIL; those found before are kept"
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestACorefileWithWhichNobodyCanLeaveIsWarnedOf(t *testing.T) {
	const own = "[WARNING] All addresses in peers static are this server's own: nobody can promise, so each SIGTERM is held for max_hold of 20s"
	tooMany := func(least, others string) string {
		return "[WARNING] Too few peers in the Corefile: min_peers is " + least + ", but peers static lists only " + others + " besides this server, so each SIGTERM is held for max_hold of 20s"
	}
	for _, c := range []struct {
		static string
		named  bool
		least  promise.Quota
		want   string
	}{
		{"10.0.0.1:8182", false, promise.Quota{Number: 1}, own},
		{"10.0.0.1:8182 10.0.0.9:8182", false, promise.Quota{Number: 1}, own},
		{"10.0.0.1:8182 10.0.0.2:8182", false, promise.Quota{Number: 1}, ""},
		{"10.0.0.1:8182 10.0.0.2:8182", false, promise.Quota{Number: 2}, tooMany("2", "1")},
		{"10.0.0.2:8182 10.0.0.3:8182", false, promise.Quota{Number: 2}, ""},
		{"10.0.0.2:8182 10.0.0.3:8182", false, promise.Quota{Number: 3, Percent: 50}, tooMany("3", "2")},
		{"10.0.0.2:8182 10.0.0.3:8182", false, promise.Quota{Percent: 100}, ""},
		{"10.0.0.1:8182", true, promise.Quota{Number: 5}, ""}, // who knows what the name has
		{"", true, promise.Quota{Number: 5}, ""},
		{"", false, promise.Quota{Number: 5}, ""}, // alone by choice
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSurveyor(t, isOneOf("10.0.0.1:8182", "10.0.0.9:8182"))
			s.conf.static, s.conf.minPeers, s.conf.peers = addrs(strings.Fields(c.static)...), c.least, c.static != "" || c.named
			if !c.named {
				s.conf.names = nil
			}
			got := logged(t, func() { s.run(s.dependencies); s.pause() })
			warned := slices.DeleteFunc(got, func(line string) bool { return !strings.Contains(line, "[WARNING]") })
			if text := strings.Join(warned, "\n"); text != c.want {
				t.Errorf("%+v: %q, want %q", c, text, c.want)
			}
		})
	}
}
