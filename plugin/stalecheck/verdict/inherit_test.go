package verdict

import "testing"

func TestReloadKeepsWhatWasSeenOfTheReferences(t *testing.T) {
	before := newHistory(asking(Primary))
	transcript(t, before, `
		0s own 8
		0s p0 9
		0s q0 9
		50s p0 10`)
	after := New(asking(Primary), []Reference{{Source: Primary, Address: "p0"}, {Source: Primary, Address: "q0"}, {Source: Peers, Address: "new"}})
	after.Inherit(before)
	if r := after.references; !r[0].Heard || !r[1].Heard || r[1].Source != Primary || r[2].Asked {
		t.Errorf("inherited %+v", r)
	}
	transcript(t, after, `
		51s unknown "primary: own serial unknown"
		52s own SERVFAIL
		53s p0 10
		55s own 8
		61s stale 1m1s primary behind "61s behind, serial 8 < 10"
		62s own 9
		62s fresh 12s primary`)
	transcript(t, before, `61s stale 1m1s primary behind`) // of its own
}

func TestReloadThatChangesWhichReferenceIsThisServer(t *testing.T) {
	before := newHistory(asking(Primary))
	before.references[1].Self = true
	transcript(t, before, "0s own 8\n0s p0 9")
	after := newHistory(asking(Primary))
	after.references[0].Self = true
	after.Inherit(before)
	if r := after.references; !r[0].Self || r[0].Heard || r[1].Self {
		t.Errorf("inherited %+v", r)
	}
}

func TestReloadWithAnotherPrimaryKeepsFirstSightings(t *testing.T) {
	before := newHistory(asking(Primary))
	transcript(t, before, "0s own 8\n0s p0 9\n50s p0 9")
	after := New(asking(Primary), []Reference{{Source: Primary, Address: "new"}})
	after.Inherit(before)
	transcript(t, after, `
		51s own 8
		55s new 9
		61s stale 1m1s primary behind`)
	// That the new one is further on is no gap: it has not taken anything back.
	after = New(asking(Primary), []Reference{{Source: Primary, Address: "new"}})
	after.Inherit(before)
	transcript(t, after, `
		51s own 8
		55s new 10
		61s stale 1m1s primary behind`)
}

func TestReloadWithAnotherPrimaryDoesNotExpireTheZone(t *testing.T) {
	before := newHistory(asking(Primary))
	transcript(t, before, "0s own 8\n0s p0 8\n5000s p0 8")
	after := New(asking(Primary), []Reference{{Source: Primary, Address: "new"}})
	after.Inherit(before)
	transcript(t, after, `
		5001s own 8
		5002s new timeout
		6000s unknown
		6001s stale 16m41s primary expired`)
	// Nor does a peer that has become a primary.
	before = newHistory(asking(Peers))
	transcript(t, before, "0s own 8\n0s q0 8\n10s q0 timeout")
	after = New(asking(Primary), []Reference{{Source: Primary, Address: "q0"}})
	after.Inherit(before)
	transcript(t, after, "11s own 8\n11s unknown")
	// Nor does a primary that comes to peers which were watched for long.
	before = newHistory(asking(Peers))
	transcript(t, before, "0s own 8\n0s q0 8\n5000s q0 8")
	after = New(asking(Primary, Peers), []Reference{{Source: Primary, Address: "new"}, {Source: Peers, Address: "q0"}})
	after.Inherit(before)
	transcript(t, after, `
		5001s own 8
		5002s new timeout
		5003s fresh 0s peers`)
}

func TestReloadKeepsSinceWhenOursIsAbove(t *testing.T) {
	before := newHistory(asking(Primary))
	transcript(t, before, "0s own 8\n0s p0 7")
	after := New(asking(Primary), []Reference{{Source: Primary, Address: "p0"}})
	after.Inherit(before)
	transcript(t, after, `
		50s p0 7
		51s own 8
		61s stale 1m1s primary reset`)
}

func TestReloadKeepsTheSilenceOfPrimaries(t *testing.T) {
	before := newHistory(asking(Primary))
	transcript(t, before, "0s own 8\n0s p0 8\n1s p0 timeout")
	after := New(asking(Primary), []Reference{{Source: Primary, Address: "p0"}})
	after.Inherit(before)
	transcript(t, after, `
		990s own 8
		1001s stale 16m41s primary expired`)
}
