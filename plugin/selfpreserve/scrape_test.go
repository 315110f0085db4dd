package selfpreserve

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A reload holds one of these locks while checks end that may hang, and a decision holds the
// other.
func TestAScrapeWaitsForNoLock(t *testing.T) {
	s := full(t)
	process.mu.Lock()
	defer process.mu.Unlock()
	process.visible.Store(s.node)
	defer process.visible.Store(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	scraped := make(chan string, 1)
	go func() {
		got, err := gathered(newNodeCollector(process.visible.Load))
		scraped <- fmt.Sprint(got, err)
	}()
	select {
	case got := <-scraped:
		if !strings.Contains(got, "state asking 0\n") || !strings.Contains(got, "min_peers 1\n") {
			t.Error(got)
		}
	case <-time.After(lab.Slow):
		t.Fatal("it waits")
	}
}

// Who has no peers has no part in promises: rules about them must not speak of it.
func TestAServerWithoutPeersHasNoFiguresOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{t: t, at: make(map[string]int)}
		m := f.add(near(1))
		m.conf.peers = false
		m.run(f.dependencies(m))
		defer m.pause()
		time.Sleep(10 * time.Second)
		const want = `fit canary test. A 1
hold_deadline_timestamp_seconds 0
override leave 0
override stay 0
state aside 0
state asking 0
state leaving 0
state serving 1
state starting 0
`
		if got := gauges(t, m.node); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	})
}

// Checks fail and pass, servers are cut off and get SIGTERM, and at last one is held. At each
// moment the figures are those of /status.
func TestFiguresAreThoseOfStatusThroughAStorm(t *testing.T) {
	moments := make(map[string]int)
	compare := func(t *testing.T, f *fleet) {
		t.Helper()
		synctest.Wait()
		for _, m := range f.nodes {
			if got, want := gauges(t, m.node), figuresOfStatus(m); !containsLines(got, want) {
				t.Fatalf("%s has\n%s\nand /status says\n%s", m.id, got, want)
			}
			s := m.status(time.Now())
			moments[s.State.String()]++
			moments[fmt.Sprintf("%d may leave", s.MayLeave)]++
			moments[fmt.Sprintf("held %t", s.HoldDeadline != nil)]++
		}
	}
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(2, seed))
			f := newFleet(t, 5, near(2))
			var left []chan time.Duration
			for range 200 {
				switch m := f.nodes[1+rng.IntN(4)]; rng.IntN(12) {
				case 0:
					m.fails("SERVFAIL")
				case 1, 2:
					m.heals()
				case 3:
					f.sever(func(from, to int) bool { return from == m.place || to == m.place })
				case 4, 5:
					f.sever(func(int, int) bool { return false })
				case 6:
					if !m.view.Load().Terminating && len(left) < 2 {
						left = append(left, f.terminate(m))
					}
				}
				time.Sleep(time.Duration(rng.IntN(500)) * time.Millisecond)
				compare(t, f)
			}
			f.sever(func(int, int) bool { return true })
			time.Sleep(near(2).promise) // what it was promised is over, and what it has promised
			left = append(left, f.terminate(f.nodes[0]))
			for range 3 {
				time.Sleep(time.Second)
				compare(t, f)
			}
			for _, l := range left {
				<-l
			}
		})
	}
	for _, want := range []string{"serving", "asking", "leaving", "held true", "held false", "0 may leave", "1 may leave"} {
		if moments[want] == 0 {
			t.Errorf("it never came by %q: %v", want, moments)
		}
	}
}

// figuresOfStatus are the figures that /status has, too, as gauges writes them.
func figuresOfStatus(m *member) string {
	s := m.status(time.Now())
	var text strings.Builder
	deadline := 0.0
	if s.HoldDeadline != nil {
		deadline = float64(s.HoldDeadline.UnixMilli()) / 1000
	}
	fmt.Fprintf(&text, "state %s 1\nmay_leave %d\nmin_peers %d\nhold_deadline_timestamp_seconds %.0f\n", s.State, s.MayLeave, s.MinPeers, deadline)
	fmt.Fprintf(&text, "promises given %d\npromises held %d\n", s.Promises.Given, s.Promises.Held)
	peers := make(map[string]int)
	for _, p := range s.Peers {
		peers[p.State]++
	}
	for status, n := range peers {
		fmt.Fprintf(&text, "peers %s %d\n", status, n)
	}
	return text.String()
}

func containsLines(text, lines string) bool {
	for line := range strings.Lines(lines) {
		if !strings.Contains("\n"+text, "\n"+line) {
			return false
		}
	}
	return true
}
