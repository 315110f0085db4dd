package stalecheck

import (
	"testing"
	"time"
)

func TestReloadKeepsWhatWasSeenOfTheReferences(t *testing.T) {
	before := newHistory()
	transcript(t, asking(primary), before, `
		0s own 8
		0s p0 9
		0s q0 9
		50s p0 10`)
	after := &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "p0"}, {source: primary, address: "q0"}, {source: peers, address: "new"}}}
	after.inherit(before)
	if r := after.references; !r[0].heard || !r[1].heard || r[1].source != primary || r[2].asked {
		t.Errorf("inherited %+v", r)
	}
	transcript(t, asking(primary), after, `
		51s unknown "primary: no serial of ours"
		52s own SERVFAIL
		53s p0 10
		55s own 8
		61s stale 1m1s primary behind "61s behind, serial 8 < 10"
		62s own 9
		62s fresh 12s primary`)
	transcript(t, asking(primary), before, `61s stale 1m1s primary behind`) // of its own
}

func TestReloadThatChangesWhichReferenceIsThisServer(t *testing.T) {
	before := newHistory()
	before.references[1].self = true
	transcript(t, asking(primary), before, "0s own 8\n0s p0 9")
	after := newHistory()
	after.references[0].self = true
	after.inherit(before)
	if r := after.references; !r[0].self || r[0].heard || r[1].self {
		t.Errorf("inherited %+v", r)
	}
}

func TestReloadWithAnotherPrimaryKeepsFirstSightings(t *testing.T) {
	before := newHistory()
	transcript(t, asking(primary), before, "0s own 8\n0s p0 9\n50s p0 9")
	after := &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "new"}}}
	after.inherit(before)
	transcript(t, asking(primary), after, `
		51s own 8
		55s new 9
		61s stale 1m1s primary behind`)
	// That the new one is further on is no gap: it has not taken anything back.
	after = &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "new"}}}
	after.inherit(before)
	transcript(t, asking(primary), after, `
		51s own 8
		55s new 10
		61s stale 1m1s primary behind`)
}

func TestReloadWithAnotherPrimaryDoesNotExpireTheZone(t *testing.T) {
	before := newHistory()
	transcript(t, asking(primary), before, "0s own 8\n0s p0 8\n5000s p0 8")
	after := &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "new"}}}
	after.inherit(before)
	transcript(t, asking(primary), after, `
		5001s own 8
		5002s new timeout
		6000s unknown
		6001s stale 16m41s primary expired`)
	// Nor does a peer that has become a primary.
	before = newHistory()
	transcript(t, asking(peers), before, "0s own 8\n0s q0 8\n10s q0 timeout")
	after = &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "q0"}}}
	after.inherit(before)
	transcript(t, asking(primary), after, "11s own 8\n11s unknown")
	// Nor does a primary that comes to peers which were watched for long.
	before = newHistory()
	transcript(t, asking(peers), before, "0s own 8\n0s q0 8\n5000s q0 8")
	after = &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "new"}, {source: peers, address: "q0"}}}
	after.inherit(before)
	transcript(t, asking(primary, peers), after, `
		5001s own 8
		5002s new timeout
		5003s fresh 0s peers`)
}

func TestReloadKeepsSinceWhenOursIsAbove(t *testing.T) {
	before := newHistory()
	transcript(t, asking(primary), before, "0s own 8\n0s p0 7")
	after := &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "p0"}}}
	after.inherit(before)
	transcript(t, asking(primary), after, `
		50s p0 7
		51s own 8
		61s stale 1m1s primary reset`)
}

func TestReloadKeepsTheSilenceOfPrimaries(t *testing.T) {
	before := newHistory()
	transcript(t, asking(primary), before, "0s own 8\n0s p0 8\n1s p0 timeout")
	after := &history{keep: 2 * time.Minute, references: []reference{{source: primary, address: "p0"}}}
	after.inherit(before)
	transcript(t, asking(primary), after, `
		990s own 8
		1001s stale 16m41s primary expired`)
}
