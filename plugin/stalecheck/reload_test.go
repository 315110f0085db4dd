package stalecheck

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"go.uber.org/goleak"
)

func TestReloadKeepsFirstSightings(t *testing.T) {
	silent := silentReference(t)
	before := goleak.IgnoreCurrent()
	instance := run(t, nil, block(t, silent, 8))
	old := only(t)
	awaitOwn(t, old, 8)
	sighted := time.Now().Add(-50 * time.Second)
	old.observe(old.zones[0], func(h *verdict.History, _ time.Time) { h.ObserveReference(0, 9, "", sighted) })
	old.zones[0].observing.Lock()
	old.zones[0].logged.anyStatus, old.zones[0].logged.status = true, verdict.Stale
	old.zones[0].observing.Unlock()

	told := strings.Join(logged(t, func() {
		instance = run(t, instance, block(t, silent, 8))
		awaitOwn(t, only(t), 8)
	}), "\n")
	if !strings.Contains(told, "Zone example.org. is fresh again") {
		t.Errorf("what was said before is forgotten: %q", told)
	}
	s := only(t)
	if s == old {
		t.Fatal("the old instance is still the one")
	}
	if v := s.zones[0].verdict.Load(); v.Reason != verdict.Behind || v.Age < 50*time.Second {
		t.Errorf("after the reload %s by %s, want behind by 50s and more", v.Reason, v.Age)
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}

func TestFailedReloadLeavesOnlyTheOld(t *testing.T) {
	silent := silentReference(t)
	before := goleak.IgnoreCurrent()
	instance := run(t, nil, block(t, silent, 8))
	old := only(t)
	// The address is nobody's (RFC 5737): all callbacks run, then the listener fails.
	bad := block(t, silent, 9) + strings.ReplaceAll(strings.Replace(block(t, silent, 9), "example.org", "example.net", 1), "127.0.0.1", "192.0.2.254")
	bad = strings.Replace(bad, "primary 192.0.2.254", "primary 127.0.0.1", 1)
	if _, err := instance.Restart(corefile(bad)); err == nil || !strings.Contains(err.Error(), "192.0.2.254") {
		t.Fatalf("the reload ended with %v", err)
	}
	if only(t) != old {
		t.Fatal("another instance is left")
	}
	awaitOwn(t, old, 8)
	end(t, instance)
	goleak.VerifyNone(t, before)
}

func TestReloadWithoutThePluginEndsIt(t *testing.T) {
	silent := silentReference(t)
	before := goleak.IgnoreCurrent()
	instance := run(t, nil, block(t, silent, 8))
	_, rest, _ := strings.Cut(block(t, silent, 8), "stalecheck")
	_, rest, _ = strings.Cut(rest, "}\n")
	instance = run(t, instance, "example.org:0 {\n bind 127.0.0.1\n"+rest)
	if len(live.instances) > 0 {
		t.Error("an instance is alive")
	}
	instance = run(t, instance, block(t, silent, 8)) // and back
	awaitOwn(t, only(t), 8)
	end(t, instance)
	goleak.VerifyNone(t, before)
}

// What a sister of the same Corefile or another view has seen is of other data.
func TestWhomAnInstanceInheritsFrom(t *testing.T) {
	old, now := new(int), new(int)
	alive := func(corefile *int, view, block string) *StaleCheck {
		s := watching(t, newCheck(t, withPrimary))
		s.corefile, s.view, s.block = corefile, view, block
		return s
	}
	alive(new(int), "", "a") // from before the last reload
	inside, a, b := alive(old, "inside", "a"), alive(old, "", "a"), alive(old, "", "b")
	alive(now, "", "a")
	for _, tc := range []struct {
		view, block string
		want        *StaleCheck
	}{{"inside", "a", inside}, {"inside", "c", inside}, {"", "a", a}, {"", "b", b}, {"", "c", b}, {"outside", "a", nil}} {
		s := newCheck(t, withPrimary)
		s.corefile, s.view, s.block = now, tc.view, tc.block
		live.Lock()
		got := s.predecessor("example.org.")
		live.Unlock()
		if (tc.want == nil) != (got == nil) || (got != nil && got != tc.want.zones[0]) {
			t.Errorf("view %q, block %s inherits from %p, want %p", tc.view, tc.block, got, tc.want)
		}
	}
}

// refusing is a plugin that stands before ours and makes reloads fail.
var refusing struct{ restart, shutdown error }

func init() {
	plugin.Register("refusing", func(c *caddy.Controller) error {
		c.OnRestart(func() error { return refusing.restart })
		c.OnShutdown(func() error { return refusing.shutdown })
		return nil
	})
}

// CoreDNS does not ask the plugins behind one that refuses a reload whether they agree,
// but tells them that it has failed: as prometheus does while it is being scraped.
func TestAReloadThatIsRefusedLeavesTheWatch(t *testing.T) {
	silent := silentReference(t)
	instance := run(t, nil, strings.Replace(block(t, silent, 8), " stalecheck", " refusing\n stalecheck", 1))
	s := only(t)
	refusing.restart = errors.New("not now")
	_, err := instance.Restart(corefile(block(t, silent, 8)))
	refusing.restart = nil
	if err == nil || err.Error() != "not now" {
		t.Fatal(err)
	}
	if only(t) != s {
		t.Error("another instance watches")
	}
	end(t, instance)
}

// Nor does it call a reload good whose old instance does not end well, as with pprof
// while it profiles: the new one serves all the same.
func TestAReloadWhoseOldInstanceEndsBadlyHandsOverTheWatch(t *testing.T) {
	silent := silentReference(t)
	instance := run(t, nil, strings.Replace(block(t, silent, 8), " stalecheck", " refusing\n stalecheck", 1))
	old := only(t)
	refusing.shutdown = errors.New("not yet")
	_, err := instance.Restart(corefile(block(t, silent, 9)))
	refusing.shutdown = nil
	if err == nil || err.Error() != "not yet" {
		t.Fatal(err)
	}
	s := only(t)
	if s == old {
		t.Fatal("the old instance watches")
	}
	awaitOwn(t, s, 9)
	for _, instance := range slices.Clone(caddy.Instances()) {
		end(t, instance)
	}
}
