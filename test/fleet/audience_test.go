package fleet

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// audience asks 200 questions a second, of each server in turn, until it is told to end.
// Who gets no answer asks all of them at once. A question that nobody answers fails the
// test, unless somebody has gone by force.
func (f *fleet) audience(t *testing.T) (end func()) {
	const (
		pause  = time.Second / 200
		before = 500 * time.Millisecond // a resolver tries another server
	)
	var (
		asked sync.WaitGroup
		done  = make(chan struct{})
		begin = time.Now()

		mu           sync.Mutex
		first, again int
		slowest      time.Duration
		lost         = make(map[int]int) // by second
	)
	one := func(p *peer, timeout time.Duration) bool {
		reply, _, err := (&dns.Client{Timeout: timeout}).Exchange(lab.Query("www.example.org.", dns.TypeA), p.DNS)
		return err == nil && reply.Rcode == dns.RcodeSuccess && len(reply.Answer) > 0
	}
	anyone := func() bool {
		answers := make(chan bool, len(f.all))
		for _, p := range f.all {
			go func() { answers <- one(p, lab.Patience) }()
		}
		for range f.all {
			if <-answers {
				return true
			}
		}
		return false
	}
	ask := func(p *peer) {
		sent := time.Now()
		at, some := one(p, before), false
		if !at {
			some = anyone()
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case at:
			first++
		case some:
			again, slowest = again+1, max(slowest, time.Since(sent))
		case f.Forced() == 0:
			lost[int(sent.Sub(begin).Seconds())]++
		}
	}
	asked.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
				asked.Go(func() { ask(f.all[i%len(f.all)]) })
			case <-done:
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		asked.Wait()
		t.Logf("%d questions were answered at the first try, %d by another server after %s at most", first, again, slowest.Round(time.Millisecond))
		if first == 0 {
			t.Error("no question was answered")
		}
		for _, second := range slices.Sorted(maps.Keys(lost)) {
			t.Errorf("in second %d nobody answered %d questions", second, lost[second])
		}
	})
}

// watch looks at everyone's /ready over and over until it is told to end, and then tells
// which codes each has had. Fewer than fewest at 200 fail the test, unless somebody has
// gone by force.
func (f *fleet) watch(t *testing.T, fewest int) (end func() map[*peer][]string) {
	var (
		ended sync.WaitGroup
		done  = make(chan struct{})
		codes = make(map[*peer][]string)
	)
	look := func() (ready int, told string) {
		for _, p := range f.all {
			text := p.Ready()
			code, _, _ := strings.Cut(text, " ")
			switch code {
			case "200":
				ready++
			case "503":
			default:
				code = "none"
			}
			if !slices.Contains(codes[p], code) {
				codes[p] = append(codes[p], code)
			}
			told += "\n" + p.IP + ": " + text
		}
		return ready, told
	}
	ended.Go(func() {
		poll := time.NewTicker(50 * time.Millisecond)
		defer poll.Stop()
		for {
			ready, told := look()
			for range 40 { // the line of the log may still be on its way
				if ready >= fewest || f.Forced() > 0 {
					break
				}
				<-poll.C
			}
			if ready < fewest && f.Forced() == 0 {
				t.Errorf("%d in service, want %d at least:%s", ready, fewest, told)
				return
			}
			select {
			case <-poll.C:
			case <-done:
				return
			}
		}
	})
	return sync.OnceValue(func() map[*peer][]string {
		close(done)
		ended.Wait()
		return codes
	})
}
