package verdict_test

import (
	"fmt"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// A command that compares the servers of a zone keeps a History of each: the server's own
// serial, and one reference that stands for all servers together. So a round of n servers
// costs n observations of each kind, however many there are.
func Example() {
	rules := verdict.Rules{MaxAge: time.Minute, Sources: [verdict.NumSources]bool{verdict.Peers: true}}
	servers := []string{"ns1", "ns2", "ns3"}
	histories := make([]*verdict.History, len(servers))
	for i := range histories {
		histories[i] = verdict.New(rules, []verdict.Reference{{Source: verdict.Peers, Address: "the newest"}})
	}
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, round := range []struct {
		after   time.Duration
		serials [3]uint32
	}{
		{0, [3]uint32{2026112101, 2026112101, 2026112101}},
		{10 * time.Second, [3]uint32{2026112102, 2026112101, 2026112101}},
		{20 * time.Second, [3]uint32{2026112102, 2026112102, 2026112101}},
		{80 * time.Second, [3]uint32{2026112103, 2026112102, 2026112101}},
	} {
		now := start.Add(round.after)
		newest := round.serials[0]
		for _, serial := range round.serials {
			if verdict.NewerSerial(serial, newest) {
				newest = serial
			}
		}
		for i, h := range histories {
			h.ObserveOwn(round.serials[i], 0, "", now)
			h.ObserveReference(0, newest, "", now)
		}
	}
	for i, h := range histories {
		v := h.Judge(start.Add(85 * time.Second))
		fmt.Printf("%s is %s: %q\n", servers[i], v.Status, v.Text)
	}
	// Output:
	// ns1 is fresh: ""
	// ns2 is fresh: "5s behind, serial 2026112102 < 2026112103"
	// ns3 is stale: "75s behind, serial 2026112101 < 2026112103"
}
