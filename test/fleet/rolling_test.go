package fleet

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A rolling restart as a Deployment does it: a server with another address and id starts, and
// when it is ready an old one gets SIGTERM. No step waits for longer than a promise's lifetime.
func TestFleetIsReplacedAsByADeployment(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			f := lab.NewDiscovered(t)
			var members []*lab.Member // that live, the oldest first
			number := 0
			publish := func() {
				t.Helper()
				var records []string
				for i := range len(members) {
					records = append(records, fmt.Sprintf("A 127.0.0.%d", number-len(members)+1+i))
				}
				f.Publish(t, records...)
			}
			add := func() *lab.Member {
				t.Helper()
				number++
				m := f.Start(t, number, f.At(number), lab.Quick+"min_peers 50%\n")
				members = append(members, m)
				publish()
				return m
			}
			for range n {
				add()
			}
			for _, m := range members {
				m.AwaitPeers(t, n-1)
			}
			<-time.After(2 * time.Second) // a promise's lifetime, within which nobody leaves after its start
			begin, longest := time.Now(), time.Duration(0)
			for range n {
				next := add()
				lab.Until(t, "the new one is ready and the old one sees it", func() bool {
					return next.Ready() == "200 OK" && len(members[0].Sees()) == n && len(next.Sees()) == n
				})
				old := members[0]
				asked := time.Now()
				old.Terminate(t)
				lab.Until(t, "the old one leaves", func() bool { return len(old.Said(lab.LogLeaves))+len(old.Said(lab.LogLeavesByForce)) > 0 })
				longest = max(longest, time.Since(asked))
				lab.AwaitGone(t, 1, old)
				if len(old.Said(lab.LogLeavesByForce)) > 0 {
					t.Error("it left by force")
				}
				members = members[1:]
				publish()
			}
			t.Logf("%d servers: %s, held for %s at most a step", n, time.Since(begin).Round(time.Millisecond), longest.Round(time.Millisecond))
			if longest > 2*time.Second+lab.Patience/2 {
				t.Errorf("a step was held for %s, want at most a promise's lifetime of 2s", longest)
			}
		})
	}
}
