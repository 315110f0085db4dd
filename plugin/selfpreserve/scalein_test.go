package selfpreserve

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// Ten servers become four at once, and later three: each leaves on promises.
func TestAFleetOfAPercentageIsMadeSmaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := near(0)
		set.minPeers = promise.Quota{Percent: 50}
		f := startFleet(&fleet{t: t, named: true, delay: 5 * time.Millisecond}, 10, set)
		var left []chan time.Duration
		for _, m := range f.nodes[:6] {
			left = append(left, f.terminate(m))
		}
		f.throughout(set.maxHold, 4)
		longest := time.Duration(0)
		for i, l := range left {
			held := <-l
			if longest = max(longest, held); held >= set.maxHold {
				t.Errorf("%d was held for %s", i, held)
			}
		}
		t.Logf("six of ten were held for %s at most", longest)
		time.Sleep(time.Minute)
		if got := f.nodes[9].view.Load(); got.KnownPeers != 3 || got.MinPeers != 2 {
			t.Errorf("of four servers one knows %d and needs %d, want 3 and 2", got.KnownPeers, got.MinPeers)
		}
		if held := <-f.terminate(f.nodes[6]); held > time.Second {
			t.Errorf("one more was held for %s", held)
		}
	})
}

// A server that leaves says so to those that do not poll it at that time, and is not taken to
// be unreachable.
func TestWhoLeavesSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 40, near(1))
		if held := <-f.terminate(f.nodes[7]); held != 0 {
			t.Errorf("held for %s", held)
		}
		time.Sleep(10 * time.Second)
		for _, m := range f.nodes {
			if m.gone.Load() {
				continue
			}
			m.mu.Lock()
			for _, p := range m.roster.Peers() {
				if want := map[bool]string{true: "left", false: "serving"}[p.ID == "id-007"]; p.Status != want {
					t.Errorf("%s takes %s to be %s, want %s", m.id, p.ID, p.Status, want)
				}
			}
			m.mu.Unlock()
		}
	})
}

// The log speaks of it once, and once more when it is over.
func TestNamesWithTooManyAddressesAreALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.run(s.dependencies)
		time.Sleep(time.Second) // it comes into service
		step := func(n int, want string) {
			t.Helper()
			var all strings.Builder
			for i := range n {
				fmt.Fprintf(&all, " 10.0.%d.%d", i/250, i%250+1)
			}
			got := logged(t, func() { s.set(func() { s.a, s.up = all.String(), "*" }); time.Sleep(20 * time.Second); synctest.Wait() })
			if strings.Join(got, "\n") != want {
				t.Errorf("%d addresses: %q, want %q", n, got, want)
			}
		}
		step(1024, "")
		step(1500, "[WARNING] Names in peers have 476 more addresses than the 1024 that are kept: the rest are not asked, and are treated as strangers")
		step(1600, "")
		step(3, "[INFO] Names in peers no longer have more addresses than are kept")
	})
}

// Without TLS the name is all that tells peers from strangers: one that is empty does so for
// ten minutes, and whoever comes from an address that it had is a stranger then.
func TestAddressesOfANameThatIsEmptyAreThoseOfStrangersAfterTenMinutes(t *testing.T) {
	for _, c := range []struct {
		name    string
		a, aaaa string
		up      string
		trusted time.Duration // or for an hour
	}{
		{"empty", "", "", "10.0.0.2", 10 * time.Minute},
		{"fails, and it is gone", "SERVFAIL", "SERVFAIL", "", 10 * time.Minute},
		{"fails", "SERVFAIL", "SERVFAIL", "10.0.0.2", time.Hour},
		{"fails by half", "", "timeout", "10.0.0.2", time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSurveyor(t, nobody)
			s.a, s.up = "10.0.0.2", "10.0.0.2"
			s.run(s.dependencies)
			time.Sleep(5 * time.Second)
			begin := time.Now()
			s.set(func() { s.a, s.aaaa, s.up = c.a, c.aaaa, c.up })
			for time.Since(begin) < time.Hour && s.send("10.0.0.2:4711") != "403" {
				time.Sleep(time.Second)
			}
			if took := time.Since(begin); took < c.trusted-3*time.Second || took > c.trusted+3*time.Second {
				t.Errorf("%s: it is trusted for %s, want %s", c.name, took, c.trusted)
			}
		})
	}
}

func TestWhoSaysThatItLeavesWhenItIsPolledIsNotMissed(t *testing.T) {
	for outcome, want := range map[string]int{"granted": 3, "forced": 4, "": 4, "some of a later version": 4} {
		address, c := serving(t, saying(200, `{"id":"id-a","state":"leaving","outcome":"`+outcome+`"}`))
		s := newStill(t)
		s.client = c
		it, name := netip.MustParseAddrPort(address), roster.Source{Name: "a."}
		s.roster.Find(s.clock, name, []netip.AddrPort{it}, nobody)
		s.poll(t.Context(), it, wire.Hello{ID: "id-me"})
		s.roster.Find(s.clock, name, nil, nobody)
		if got := s.roster.KnownPeers(s.clock); got != want {
			t.Errorf("%q: %d are known, want %d", outcome, got, want)
		}
	}
}
