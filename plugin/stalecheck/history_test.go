package stalecheck

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// step is one observation of the model below, and all that was known after it.
type step struct {
	at    time.Time
	saw   uint32 // the serial that a reference answered
	isRef bool
	own   uint32
	says  map[int]uint32 // by reference
}

// alive reports whether a serial is newer than ours and some reference of a source, or
// of any if of is nil, is at or past it.
func (s *step) alive(h *history, serial uint32, of *source) bool {
	if !newerSerial(serial, s.own) {
		return false
	}
	for i, says := range s.says {
		if (of == nil || h.references[i].source == *of) && (says == serial || newerSerial(says, serial)) {
			return true
		}
	}
	return false
}

// age is the definition: for how long a serial newer than ours has been there since
// somebody was first seen to have it. If nobody stood by it for a while, it is the same
// only if it is shown again within keep.
func age(log []step, h *history, of source, now time.Time) (time.Duration, bool) {
	last := log[len(log)-1]
	longest, found := time.Duration(0), false
	for _, candidate := range log {
		if !candidate.isRef || !last.alive(h, candidate.saw, &of) {
			continue
		}
		var since, stood time.Time
		gone := false // and who is past it has other data
		for _, s := range log {
			if !newerSerial(candidate.saw, s.own) {
				since = time.Time{}
				continue
			}
			if s.isRef && s.saw == candidate.saw {
				gone = false
				if since.IsZero() {
					since = s.at
				}
			}
			switch {
			case !s.alive(h, candidate.saw, nil):
				gone = true
			case !gone:
				stood = s.at
			}
			if s.at.Sub(stood) > h.keep {
				since = time.Time{}
			}
		}
		if !since.IsZero() && !gone {
			longest, found = max(longest, now.Sub(since)), true
		}
	}
	return longest, found
}

// Whatever is seen in whatever order, the age is the definition's, and stays so for as
// long as fewer serials are out than are remembered.
func TestAgeIsTheTimeSinceTheOldestNewerSerialWasSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory()
		base := rapid.Uint32().Draw(t, "base") // so that some runs wrap
		now := at
		own := base
		h.observeOwn(own, 1000, "", now)
		log := []step{{at: now, own: own, says: map[int]uint32{}}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
			s := step{at: now, own: own, says: make(map[int]uint32)}
			for i, says := range log[len(log)-1].says {
				s.says[i] = says
			}
			serial := base + uint32(rapid.IntRange(0, 12).Draw(t, "serial"))
			switch who := rapid.IntRange(-1, 3).Draw(t, "who"); {
			case who < 0:
				own, s.own = serial, serial
				h.observeOwn(serial, 1000, "", now)
			case rapid.Float64Range(0, 1).Draw(t, "luck") < 0.2:
				h.observeReference(who, 0, timeout, now)
			default:
				s.isRef, s.saw, s.says[who] = true, serial, serial
				h.observeReference(who, serial, "", now)
			}
			log = append(log, s)
			later := now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "later")) * time.Second)
			for _, of := range []source{primary, peers} {
				r := asking(of)
				want, isBehind := age(log, h, of, later)
				f := r.judge(h, later).findings[of]
				if got := f.known && f.why == behind && f.text != ""; got != isBehind || (got && f.age != want) {
					t.Fatalf("by %s: %+v, want behind=%v by %s", of, f, isBehind, want)
				}
				if isBehind && f.stale != (want > r.maxAge) {
					t.Fatalf("by %s, %s old: stale is %v", of, want, f.stale)
				}
			}
		}
	})
}

// Nothing that is seen can make a verdict that contradicts itself.
func TestVerdictsAreConsistent(t *testing.T) {
	failures := []failure{"", "", "", timeout, refused, servfail, noSOA, malformed}
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory()
		r := rules{maxAge: time.Minute, format: serialFormat(rapid.IntRange(0, 2).Draw(t, "format"))}
		for s := range backend {
			r.asks[s] = rapid.Bool().Draw(t, s.String())
		}
		now := at
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-100, 500).Draw(t, "seconds")) * time.Second)
			serial := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(1, 3), rapid.Just(uint32(now.Unix()))).Draw(t, "serial")
			failed := rapid.SampledFrom(failures).Draw(t, "failed")
			switch who := rapid.IntRange(-2, 3).Draw(t, "who"); who {
			case -2:
				h.observeHeartbeat(now.Add(time.Duration(rapid.IntRange(-200, 100).Draw(t, "beat"))*time.Second), "", now)
			case -1:
				h.observeOwn(serial, 1000, failed, now)
			default:
				h.observeReference(who, serial, failed, now)
			}
			v := r.judge(h, now)
			anyStale, anyKnown := false, false
			for s, f := range v.findings {
				anyStale = anyStale || f.stale
				anyKnown = anyKnown || f.known
				if f.age < 0 || (f.stale && !f.known) || (f.stale && f.text == "") || (!f.known && f.age != 0) || (f.stale && f.due != 0) {
					t.Fatalf("%s: %+v", source(s), f)
				}
				if (f.why == reset || f.why == expired) && source(s) != primary {
					t.Fatalf("%s: %+v", source(s), f)
				}
				if f.known && source(s) != backend && !r.asks[s] {
					t.Fatalf("%s was not asked for: %+v", source(s), f)
				}
			}
			if (v.status == stale) != anyStale || (v.status == unknown) != (!anyKnown || (v.refusal != served && !anyStale)) {
				t.Fatalf("%s of %+v", v.status, v.findings)
			}
			if len(h.sightings) > maxSightings {
				t.Fatalf("%d sightings", len(h.sightings))
			}
			// It turns stale when it says that it will, and not before.
			if v.status == stale {
				continue
			}
			if v.due < 0 || (v.newerElsewhere && h.own.mute()) {
				t.Fatalf("due in %s", v.due)
			}
			if later := r.judge(h, now.Add(max(v.due-1, 0))); later.status == stale {
				t.Fatalf("%+v was due in %s, and is stale before", v.findings, v.due)
			}
			if later := r.judge(h, now.Add(v.due)); v.due > 0 && later.status != stale && !h.own.mute() {
				t.Fatalf("%+v was due in %s, and is %s then", v.findings, v.due, later.status)
			}
			if later := r.judge(h, now.Add(1000*time.Hour)); v.due == 0 && later.status == stale {
				t.Fatalf("%+v was never due, and is stale one day: %+v", v.findings, later)
			}
		}
	})
}

func TestSightingsAreBoundedAndKeepTheOldest(t *testing.T) {
	h := newHistory()
	h.observeOwn(1, 1000, "", at)
	r := asking(primary)
	for range 3 {
		if h.observeReference(0, 2, "", at); len(h.sightings) != 1 {
			t.Fatalf("one serial, seen again, has %d sightings", len(h.sightings))
		}
	}
	for i := range uint32(10000) {
		now := at.Add(time.Duration(i) * time.Second)
		h.observeReference(0, 2+i, "", now)
		if len(h.sightings) > maxSightings {
			t.Fatalf("%d sightings", len(h.sightings))
		}
		if v := r.judge(h, now); v.age != now.Sub(at) {
			t.Fatalf("after %s the age is %s", now.Sub(at), v.age)
		}
	}
	// After a partial catch-up the age is too small by at most a gap between sightings.
	now := at.Add(10000 * time.Second)
	h.observeOwn(5000, 1000, "", now)
	if age := r.judge(h, now).age; age > 5001*time.Second || age < 4600*time.Second {
		t.Errorf("behind since serial 5001, 5001 s ago, the age is %s", age)
	}
}

func ExampleStaleCheck_Vital() {
	s := &StaleCheck{rules: asking(primary)}
	z := s.newZone("example.org.")
	s.zones = []*zone{z}
	z.history = *newHistory()
	z.history.observeOwn(2026112101, 1000, "", at)
	z.history.observeReference(0, 2026112105, "", at)
	z.verdict.Store(s.rules.judge(&z.history, at.Add(95*time.Second)))
	fmt.Println(s.Vital())
	// Output: zone example.org. is stale: 95s behind, serial 2026112101 < 2026112105
}
