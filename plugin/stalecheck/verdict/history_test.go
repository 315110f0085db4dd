package verdict

import (
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
func (s *step) alive(h *History, serial uint32, of *Source) bool {
	if !NewerSerial(serial, s.own) {
		return false
	}
	for i, says := range s.says {
		if (of == nil || h.references[i].Source == *of) && (says == serial || NewerSerial(says, serial)) {
			return true
		}
	}
	return false
}

// age is the definition: for how long a serial newer than ours has been there since
// somebody was first seen to have it. If nobody stood by it for a while, it is the same
// only if it is shown again within keep.
func age(log []step, h *History, of Source, now time.Time) (time.Duration, bool) {
	last := log[len(log)-1]
	longest, found := time.Duration(0), false
	for _, candidate := range log {
		if !candidate.isRef || !last.alive(h, candidate.saw, &of) {
			continue
		}
		var since, stood time.Time
		gone := false // and who is past it has other data
		for _, s := range log {
			if !NewerSerial(candidate.saw, s.own) {
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
			if s.at.Sub(stood) > 2*h.rules.MaxAge {
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
		h := newHistory(asking(Primary, Peers))
		base := rapid.Uint32().Draw(t, "base") // so that some runs wrap
		now := at
		own := base
		h.ObserveOwn(own, 1000, "", now)
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
				h.ObserveOwn(serial, 1000, "", now)
			case rapid.Float64Range(0, 1).Draw(t, "luck") < 0.2:
				h.ObserveReference(who, 0, Timeout, now)
			default:
				s.isRef, s.saw, s.says[who] = true, serial, serial
				h.ObserveReference(who, serial, "", now)
			}
			log = append(log, s)
			later := now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "later")) * time.Second)
			for _, of := range []Source{Primary, Peers} {
				want, isBehind := age(log, h, of, later)
				f := h.Judge(later).Findings[of]
				if got := f.Known && f.Reason == Behind && f.Text != ""; got != isBehind || (got && f.Age != want) {
					t.Fatalf("by %s: %+v, want behind=%v by %s", of, f, isBehind, want)
				}
				if isBehind && f.Stale != (want > h.rules.MaxAge) {
					t.Fatalf("by %s, %s old: stale is %v", of, want, f.Stale)
				}
			}
		}
	})
}

// Nothing that is seen can make a verdict that contradicts itself.
func TestVerdictsAreConsistent(t *testing.T) {
	failures := []Failure{"", "", "", Timeout, Refused, ServFail, NoSOA, Malformed}
	rapid.Check(t, func(t *rapid.T) {
		r := Rules{MaxAge: time.Minute, SerialFormat: SerialFormat(rapid.IntRange(0, 2).Draw(t, "format"))}
		for s := range Backend {
			r.Sources[s] = rapid.Bool().Draw(t, s.String())
		}
		h := newHistory(r)
		now := at
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-100, 500).Draw(t, "seconds")) * time.Second)
			serial := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(1, 3), rapid.Just(uint32(now.Unix()))).Draw(t, "serial")
			failure := rapid.SampledFrom(failures).Draw(t, "failure")
			switch who := rapid.IntRange(-2, 3).Draw(t, "who"); who {
			case -2:
				h.ObserveHeartbeat(now.Add(time.Duration(rapid.IntRange(-200, 100).Draw(t, "beat"))*time.Second), "", now)
			case -1:
				h.ObserveOwn(serial, 1000, failure, now)
			default:
				h.ObserveReference(who, serial, failure, now)
			}
			v := h.Judge(now)
			anyStale, anyKnown := false, false
			for s, f := range v.Findings {
				anyStale = anyStale || f.Stale
				anyKnown = anyKnown || f.Known
				if f.Age < 0 || (f.Stale && !f.Known) || (f.Stale && f.Text == "") || (!f.Known && f.Age != 0) || (f.Stale && f.due != 0) {
					t.Fatalf("%s: %+v", Source(s), f)
				}
				if (f.Reason == Reset || f.Reason == Expired) && Source(s) != Primary {
					t.Fatalf("%s: %+v", Source(s), f)
				}
				if f.Known && Source(s) != Backend && !r.Sources[s] {
					t.Fatalf("%s was not asked for: %+v", Source(s), f)
				}
			}
			if (v.Status == Stale) != anyStale || (v.Status == Unknown) != (!anyKnown || (v.Service != Served && !anyStale)) {
				t.Fatalf("%s of %+v", v.Status, v.Findings)
			}
			if len(h.sightings) > maxSightings {
				t.Fatalf("%d sightings", len(h.sightings))
			}
			// It turns stale when it says that it will, and not before.
			if v.Status == Stale {
				continue
			}
			due := dueIn(&v, now)
			if due < 0 || (v.NewerElsewhere && h.own.unanswered()) {
				t.Fatalf("due in %s", due)
			}
			if later := h.Judge(now.Add(max(due-1, 0))); later.Status == Stale {
				t.Fatalf("%+v was due in %s, and is stale before", v.Findings, due)
			}
			if later := h.Judge(now.Add(due)); due > 0 && later.Status != Stale && !h.own.unanswered() {
				t.Fatalf("%+v was due in %s, and is %s then", v.Findings, due, later.Status)
			}
			if later := h.Judge(now.Add(1000 * time.Hour)); due == 0 && later.Status == Stale {
				t.Fatalf("%+v was never due, and is stale one day: %+v", v.Findings, later)
			}
		}
	})
}

func TestSightingsAreBoundedAndKeepTheOldest(t *testing.T) {
	h := newHistory(asking(Primary))
	h.ObserveOwn(1, 1000, "", at)
	for range 3 {
		if h.ObserveReference(0, 2, "", at); len(h.sightings) != 1 {
			t.Fatalf("one serial, seen again, has %d sightings", len(h.sightings))
		}
	}
	for i := range uint32(10000) {
		now := at.Add(time.Duration(i) * time.Second)
		h.ObserveReference(0, 2+i, "", now)
		if len(h.sightings) > maxSightings {
			t.Fatalf("%d sightings", len(h.sightings))
		}
		if v := h.Judge(now); v.Age != now.Sub(at) {
			t.Fatalf("after %s the age is %s", now.Sub(at), v.Age)
		}
	}
	// After a partial catch-up the age is too small by at most a gap between sightings.
	now := at.Add(10000 * time.Second)
	h.ObserveOwn(5000, 1000, "", now)
	if age := h.Judge(now).Age; age > 5001*time.Second || age < 4600*time.Second {
		t.Errorf("behind since serial 5001, 5001 s ago, the age is %s", age)
	}
}

func TestAZoneExpiresUnlessAPrimaryAnswers(t *testing.T) {
	h := New(Rules{MaxAge: time.Minute, Sources: [NumSources]bool{Primary: true, Peers: true}},
		[]Reference{{Source: Primary, Address: "a"}, {Source: Peers, Address: "b"}})
	begin := time.Unix(1_000_000, 0)
	after := func(d time.Duration) time.Time { return begin.Add(d) }
	check := func(now time.Duration, want time.Duration, known bool) {
		t.Helper()
		if got, ok := h.ExpiresIn(after(now)); got != want || ok != known {
			t.Errorf("after %s it expires in %s, %v; want %s, %v", now, got, ok, want, known)
		}
	}
	check(0, 0, false)
	h.ObserveReference(1, 7, "", begin) // a peer does not count
	h.ObserveOwn(7, 600, "", begin)
	check(0, 0, false)
	h.ObserveReference(0, 0, Timeout, after(10*time.Second))
	check(20*time.Second, 590*time.Second, true)
	if at, ok := h.LastSuccess(0); ok {
		t.Errorf("it has answered at %s", at)
	}
	h.ObserveReference(0, 7, "", after(30*time.Second))
	h.ObserveReference(0, 0, Timeout, after(60*time.Second))
	check(700*time.Second, -70*time.Second, true)
	if at, ok := h.LastSuccess(0); !ok || !at.Equal(after(30*time.Second)) {
		t.Errorf("it has answered at %s, %v", at, ok)
	}
}
