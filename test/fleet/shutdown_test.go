package fleet

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// How long it takes to end all servers of a fleet at one instant, with the defaults: a scale to
// 0, the shutdown of a cluster or of the only node, Recreate. All but the last leave on promises, and the
// last is held for max_hold. Whoever kills after 10 s, as docker stop does, ends that one without a word.
// It takes 40 s, and prints the figures of the manual: with HOLDFAST_EXHAUSTIVE alone.
func TestHowLongItTakesToEndAFleet(t *testing.T) {
	if os.Getenv("HOLDFAST_EXHAUSTIVE") == "" {
		t.Skip("HOLDFAST_EXHAUSTIVE is not set")
	}
	t.Parallel()
	const hold, kill = 20 * time.Second, 10 * time.Second
	for _, n := range []int{1, 2, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			f := runFleet(t, n, "canary canary.test\n")
			<-time.After(15*time.Second + 2*lab.Patience/5) // the promise's lifetime, within which nobody leaves after its start
			begin := time.Now()
			f.signal(t, syscall.SIGTERM)
			var took []time.Duration
			for range n {
				lab.Until(t, "one more ends", func() bool { return len(f.who(func(p *peer) bool { return p.Gone() })) > len(took) })
				took = append(took, time.Since(begin))
			}
			var told []string
			for _, d := range took {
				told = append(told, fmt.Sprintf("%.1f", d.Seconds()))
			}
			killed := len(took) - slices.IndexFunc(took, func(d time.Duration) bool { return d > kill })
			t.Logf("%d servers ended after %s s, of which a second is the lame duck; %d would have been killed after %s", n, strings.Join(told, ", "), killed, kill)
			if last := took[n-1]; f.Forced() != 1 || last < hold || last > hold+2*lab.Patience {
				t.Errorf("%d were forced, the last after %s; want one after %s", f.Forced(), last, hold)
			}
		})
	}
}
