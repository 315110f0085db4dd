package verdict

import (
	"fmt"
	"testing"
	"time"
)

// What RFC 7314 adds. EXPIRE is 1000 s.
func TestVerdictsByPrimariesThatAreSecondaries(t *testing.T) {
	for name, lines := range map[string]string{
		"it expires when the primary would": `
			0s own 8
			0s p0 8 lasts 300s
			10s p0 timeout
			300s unknown
			301s stale 16m41s primary expired "zone expired, its source was last reached 1001s ago"
			301s p0 8 lasts 1000s
			301s fresh 0s primary`,
		"what an answer says of the time before it takes nothing away": `
			0s own 8
			0s p0 8 lasts 900s
			10s p0 8 lasts 300s
			20s p0 timeout
			900s unknown
			901s stale 16m41s primary expired`,
		"an answer without the option counts in full": `
			0s own 8
			0s p0 8 lasts 300s
			100s p1 8
			200s p0 timeout
			200s p1 timeout
			1100s unknown
			1101s stale 16m41s primary expired "zone expired, no primary answered for 1001s"`,
		"and so does one with the whole time": `
			0s own 8
			0s p0 8 lasts 1000s
			10s p0 timeout
			1000s unknown
			1001s stale 16m41s primary expired "zone expired, no primary answered for 1001s"`,
		"a primary that answers on loses its own": `
			0s own 8
			0s p0 8 lasts 1000s
			10s p0 8 lasts 990s
			20s p0 timeout
			1000s unknown
			1001s stale 16m41s primary expired "zone expired, its source was last reached 1001s ago"`,
		"nobody's copy lasts longer than a new one": `
			0s own 8
			0s p0 8 lasts 1000000s
			10s p0 8 lasts 1000s
			20s p0 timeout
			1010s unknown
			1011s stale 16m41s primary expired`,
		"a first answer that is of no use is forgotten when there is one": `
			0s own 8
			0s p0 timeout
			10s p0 8 lasts 90s
			20s p0 timeout
			100s unknown
			101s stale 16m41s primary expired`,
		"while a primary answers the zone is what its serial says": `
			0s own 8
			0s p0 8 lasts 10s
			11s fresh 0s primary
			11s p0 8 lasts 0s
			60s fresh 0s primary`,
		"with less than max_age, which one lost datagram does not end": `
			0s brief 8
			0s p0 8 lasts 2s
			1s p0 timeout
			57s unknown
			58s stale 1m1s primary expired`,
	} {
		t.Run(name, func(t *testing.T) { transcript(t, newHistory(asking(Primary)), lines) })
	}
}

func TestWhatAPrimaryLastsIsWhatTheZoneLasts(t *testing.T) {
	h := newHistory(asking(Primary, Peers))
	left := func(now, want time.Duration) {
		t.Helper()
		if got, known := h.ExpiresIn(at.Add(now)); !known || got != want {
			t.Errorf("after %s it expires in %s, %v; want %s", now, got, known, want)
		}
	}
	h.ObserveAnswer(0, Answer{Serial: 8, TellsExpire: true, Expire: 1 << 31}, "", at) // ours is not known yet
	h.ObserveOwn(8, 1000, "", at)
	left(0, 1000*time.Second)
	h = newHistory(asking(Primary, Peers))
	h.ObserveOwn(8, 1000, "", at)
	h.ObserveAnswer(2, Answer{Serial: 8, TellsExpire: true, Expire: 3}, "", at) // a peer's is its own
	h.ObserveAnswer(0, Answer{Serial: 8, TellsExpire: true, Expire: 300}, "", at.Add(10*time.Second))
	left(10*time.Second, 300*time.Second)
	left(311*time.Second, -time.Second)

	after := newHistory(asking(Primary, Peers))
	after.Inherit(h)
	after.ObserveOwn(8, 1000, "", at.Add(20*time.Second))
	h = after
	left(20*time.Second, 290*time.Second)
	h.ObserveOwn(8, 1000, "", at.Add(-time.Hour)) // the clock goes back
	left(-time.Hour, 300*time.Second)
	if v := h.Judge(at); v.Status != Fresh {
		t.Error(fmt.Sprint(v))
	}
}

// A zone may be fresh by another source while its primaries are silent.
func TestContactIsWhenAPrimaryLastAnswered(t *testing.T) {
	at := func(after int) time.Time { return time.Date(2026, 12, 1, 12, 0, after, 0, time.UTC) }
	rules := Rules{MaxAge: time.Minute, Sources: [NumSources]bool{Primary: true, Peers: true}}
	references := []Reference{{Source: Primary, Address: "p0"}, {Source: Primary, Address: "p1"}, {Source: Peers, Address: "s0"}}
	h := New(rules, references)
	for _, step := range []struct {
		after, reference int
		failure          Failure
		want             time.Time
	}{
		{1, 2, "", time.Time{}}, // a peer is no primary
		{2, 0, Timeout, at(2)},
		{3, 1, Timeout, at(2)},
		{4, 1, "", at(4)},
		{5, 0, Refused, at(4)},
		{6, 2, "", at(4)},
	} {
		h.ObserveReference(step.reference, 7, step.failure, at(step.after))
		if v := h.Judge(at(step.after)); !v.Contact.Equal(step.want) {
			t.Errorf("after %ds: %s, want %s", step.after, v.Contact, step.want)
		}
	}
	reloaded := New(Rules{MaxAge: time.Minute, Sources: [NumSources]bool{Peers: true}}, references[2:])
	reloaded.Inherit(h)
	if v := reloaded.Judge(at(7)); !v.Contact.IsZero() {
		t.Errorf("a reload has taken the primaries out, and contact is %s", v.Contact)
	}
}
