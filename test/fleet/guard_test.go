package fleet

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// guard asks all members over and over again, and fails the test if fewer than least
// were in service. Who once is out of service must not come back: then a look at one
// after the other never counts fewer than there are.
func guard(t *testing.T, least int, members ...*lab.Member) (stop func()) {
	t.Helper()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		looks := 0
		poll := time.NewTicker(50 * time.Millisecond)
		defer poll.Stop()
		for {
			var all sync.WaitGroup
			in := make([]bool, len(members))
			for i, m := range members {
				all.Go(func() { in[i] = inService(m) })
			}
			all.Wait()
			if looks++; count(in) < least {
				t.Errorf("%d of %d are in service, want at least %d", count(in), len(members), least)
				return
			}
			select {
			case <-done:
				t.Logf("at least %d of %d in service at each of %d looks", least, len(members), looks)
				return
			case <-poll.C:
			}
		}
	}()
	stop = sync.OnceFunc(func() { close(done); <-ended })
	t.Cleanup(stop)
	return stop
}

func count(in []bool) (n int) {
	for _, is := range in {
		if is {
			n++
		}
	}
	return n
}

// inService is whether clients are sent to the member, and served.
func inService(m *lab.Member) bool {
	return strings.HasPrefix(m.Ready(), "200 ") && m.Answers("www.example.org.")
}
