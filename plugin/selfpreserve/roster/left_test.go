package roster

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Who has left on promises, and is not found any more, is not missed. All others count for
// ten minutes.
func TestWhoLeftOnPromisesIsNotMissed(t *testing.T) {
	it := addrs("10.0.0.1:8182")[0]
	for name, c := range map[string]struct {
		do     func(r *Roster)
		status string // while it is found and silent
		known  int    // once it is not found
	}{
		"crashed":                   {func(*Roster) {}, Unreachable, 1},
		"left by force":             {func(r *Roster) { r.Polled(1, "a", promise.Leaving) }, Left, 1},
		"left on promises":          {func(r *Roster) { r.Polled(1, "a", promise.Leaving); r.LeavesOnPromises("a") }, Left, 0},
		"said so when it was asked": {func(r *Roster) { r.Answered(1, it, "a", promise.Leaving); r.LeavesOnPromises("a") }, Left, 0},
		"an answer of before came late": {func(r *Roster) {
			r.Polled(1, "a", promise.Leaving)
			r.LeavesOnPromises("a")
			r.Answered(1, it, "a", promise.Serving)
		}, Left, 0},
		"and said so again":        {func(r *Roster) { r.LeavesOnPromises("a"); r.Silent(it); r.Polled(1, "a", promise.Leaving) }, Left, 0},
		"another process is there": {func(r *Roster) { r.LeavesOnPromises("a"); r.Answered(1, it, "b", promise.Serving) }, Unreachable, 1},
		"another has promised":     {func(r *Roster) { r.LeavesOnPromises("a"); r.Promised(it.String(), "b") }, Unreachable, 1},
		"another left":             {func(r *Roster) { r.LeavesOnPromises("b") }, Unreachable, 1},
	} {
		r := New("me")
		r.Find(0, Source{Name: "a."}, []netip.AddrPort{it}, nobody)
		r.Answered(0, it, "a", promise.Serving)
		c.do(r)
		r.Silent(it)
		if got := r.Peers()[0].Status; got != c.status || r.KnownPeers(2) != 1 || r.Answering() != 0 {
			t.Errorf("%s: it is %s, of %d known %d answer; want %s", name, got, r.KnownPeers(2), r.Answering(), c.status)
		}
		r.Find(2, Source{Name: "a."}, nil, nobody)
		if got := r.KnownPeers(2); got != c.known || r.HasIP(2, it.Addr()) != (c.known > 0) {
			t.Errorf("%s: once it is not found %d are known, want %d", name, got, c.known)
		}
	}
}

// It polls for as long as its lame duck lasts, and does not answer.
func TestWhoHasLeftStaysSoThoughItGoesOnPolling(t *testing.T) {
	r, all := New("me"), addrs("10.0.0.1:8182")
	r.Find(0, Source{}, all, nobody)
	r.Answered(0, all[0], "a", promise.Leaving)
	r.Silent(all[0])
	r.Polled(1, "a", promise.Leaving)
	if got := r.Peers()[0]; got.Status != Left || got.HeardAt != 0 {
		t.Errorf("it is %+v", got)
	}
}

// What the README says of how long an address is trusted.
func TestAnAddressIsTrustedForAsLongAsTheREADMESays(t *testing.T) {
	a := Source{Name: "a."}
	it := addrs("10.0.0.1:8182")[0]
	const minute = time.Minute
	for name, c := range map[string]struct {
		each func(r *Roster, now time.Duration) // minute, from the first
		till time.Duration                      // it is trusted, or 0 for as long as is looked
	}{
		"found":             {func(r *Roster, now time.Duration) { r.Find(now, a, []netip.AddrPort{it}, nobody) }, 0},
		"not found":         {func(r *Roster, now time.Duration) { r.Find(now, a, nil, nobody) }, 10 * minute},
		"the name is empty": {func(r *Roster, now time.Duration) { r.FoundNobody(now, a) }, 10 * minute},
		"empty, and it answers": {func(r *Roster, now time.Duration) {
			r.FoundNobody(now, a)
			r.Answered(now, it, "a", promise.Serving)
		}, 10 * minute},
		"the name fails":        {func(*Roster, time.Duration) {}, 10 * minute},
		"fails, and it answers": {func(r *Roster, now time.Duration) { r.Answered(now, it, "a", promise.Serving) }, 0},
		"fails, and it answers for 20 minutes": {func(r *Roster, now time.Duration) {
			if now <= 20*minute {
				r.Answered(now, it, "a", promise.Serving)
			}
		}, 30 * minute},
		"fails, and another answers after 15 minutes": {func(r *Roster, now time.Duration) {
			r.Answered(now, it, map[bool]promise.ID{true: "a", false: "b"}[now < 15*minute], promise.Serving)
		}, 15 * minute},
	} {
		r := New("me")
		r.Find(0, a, []netip.AddrPort{it}, nobody)
		r.Answered(0, it, "a", promise.Serving)
		for now := minute; now <= time.Hour; now += minute {
			c.each(r, now)
			r.Forget(now)
			want := c.till == 0 || now < c.till
			if r.HasIP(now, it.Addr()) != want || r.IPs(now)[it.Addr()] != want {
				t.Errorf("%s: after %s it is trusted: %v", name, now, !want)
				break
			}
		}
	}
}

// A name that fails lowers no bar, and one that is empty lowers it after ten minutes.
func TestANameThatFailsKeepsThePeersThatItFound(t *testing.T) {
	a, all := Source{"a.", 8182, 1}, addrs("10.0.0.1:8182", "10.0.0.2:8182")
	r := New("me")
	r.Find(0, a, all, nobody)
	r.Answered(0, all[0], "a", promise.Serving)
	r.Forget(time.Hour)
	if got := r.KnownPeers(time.Hour); got != 2 {
		t.Errorf("%d are known after an hour in which the name failed, want 2", got)
	}
	r.Find(time.Hour, a, all, nobody)
	for _, c := range []struct {
		after time.Duration
		known int
	}{{time.Minute, 2}, {10*time.Minute - 1, 2}, {10 * time.Minute, 0}} {
		r.FoundNobody(time.Hour+c.after, a)
		if got := r.KnownPeers(time.Hour + c.after); got != c.known {
			t.Errorf("%d are known %s after the name became empty, want %d", got, c.after, c.known)
		}
	}
}

// Some servers of a name have IPv4 alone and some IPv6 alone: each counts, whoever answers.
func TestServersOfOneFamilyEachCountOnce(t *testing.T) {
	r := New("me")
	four, six := addrs("10.0.0.1:8182", "10.0.0.2:8182"), addrs("[2001:db8::3]:8182", "[2001:db8::4]:8182")
	r.Find(0, Source{"a.", 8182, 1}, four, nobody)
	r.Find(0, Source{"a.", 8182, 28}, six, nobody)
	for i, address := range append(four, six...) {
		if got := r.KnownPeers(0); got != 4 {
			t.Errorf("%d are known when %d have answered, want 4", got, i)
		}
		r.Answered(0, address, promise.ID(fmt.Sprint(i)), promise.Serving)
	}
	if got := r.KnownPeers(0); got != 4 {
		t.Errorf("%d are known when all have answered, want 4", got)
	}
}

// many are n addresses, the highest first.
func many(n, network int) (all []netip.AddrPort) {
	for i := range n {
		all = append(all, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(network), byte((n - i) / 256), byte((n - i) % 256)}), 8182))
	}
	return all
}

func TestNamesBringAtMost1024Addresses(t *testing.T) {
	r := New("me")
	a, b := Source{"a.", 8182, 1}, Source{"b.", 8182, 1}
	step := func(what string, kept, known int) {
		t.Helper()
		if r.LeftOut() != known-kept || len(r.found()) != kept || r.KnownPeers(0) != known {
			t.Errorf("%s: %d are kept, %d left out and %d known; want %d, %d and %d", what, len(r.found()), r.LeftOut(), r.KnownPeers(0), kept, known-kept, known)
		}
	}
	own := many(1, 0)[0] // the lowest
	r.Find(0, a, many(MaxNamed+1, 0), isOneOf(own.String()))
	step("as many as may be, and itself", MaxNamed, MaxNamed)
	r.Find(0, a, append(many(MaxNamed+500, 0), many(MaxNamed+500, 0)...), nobody)
	step("500 more, twice", MaxNamed, MaxNamed+500)
	for _, p := range r.found() {
		if p.Address.Addr().Compare(netip.MustParseAddr("10.0.4.0")) > 0 {
			t.Fatalf("%s is kept, want the 1024 lowest", p.Address)
		}
	}
	if highest := many(MaxNamed+500, 0)[0].Addr(); r.HasIP(0, highest) {
		t.Errorf("%s is trusted", highest)
	}
	r.Find(0, b, many(10, 1), nobody)
	step("another name", MaxNamed, MaxNamed+510)
	r.Find(0, b, many(10, 0), nobody)
	step("another name with the same addresses", MaxNamed, MaxNamed+500)
	r.Find(0, Source{}, many(20, 2), nobody)
	step("a list", MaxNamed+20, MaxNamed+520)
	r.Find(0, a, many(5, 0), nobody)
	step("fewer", 30, 30)
	r.Find(0, a, many(2000, 3), nobody)
	r.Keep(func(by Source, _ netip.AddrPort) bool { return by != a })
	step("a reload without that name", 30, 30)
}
