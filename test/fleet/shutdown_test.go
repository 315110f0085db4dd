package fleet

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// How long it takes to end all servers of a fleet at one instant: a scale to 0, the shutdown of
// a cluster or of its only node, Recreate. All but the last leave on promises, and the last is
// held for max_hold. Whoever kills after 10 s, as docker stop does, ends that one without a word.
// With HOLDFAST_EXHAUSTIVE they have the defaults, and the figures are those of the manual.
func TestHowLongItTakesToEndAFleet(t *testing.T) {
	t.Parallel()
	sizes, options, promise, hold := []int{1, 3}, "promise 2s\n interval 500ms\n max_hold 4s\n", 2*time.Second, 4*time.Second
	if os.Getenv("HOLDFAST_EXHAUSTIVE") != "" {
		sizes, options, promise, hold = []int{1, 2, 3, 5}, "", 15*time.Second, 20*time.Second
	}
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			f := runFleet(t, n, options+"canary canary.test\n")
			<-time.After(promise + 2*time.Second) // nobody leaves within a promise's lifetime of its start
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
			t.Logf("%d servers ended after %s s, of which a second is the lame duck", n, strings.Join(told, ", "))
			if last := took[n-1]; f.Forced() != 1 || last < hold || last > hold+2*lab.Patience {
				t.Errorf("%d were forced, the last after %s; want one after %s", f.Forced(), last, hold)
			}
		})
	}
}
