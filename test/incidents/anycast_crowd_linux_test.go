package incidents

import (
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// crowd are clients that ask the anycast address 100 questions a second, each from a
// port of its own, so that the router sends each to any of the servers.
type crowd struct {
	fleet *anycast

	mu    sync.Mutex
	asked []*asked
}

// asked is one question, and what came of it.
type asked struct {
	done     bool
	answered bool
	by       string // the server's NSID
	has      int    // generation
	marked   bool   // says itself that it is stale
}

func (f *anycast) crowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{fleet: f}
	done, ended := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second / 100)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				all.Go(c.ask)
			case <-done:
				return
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended; all.Wait() })
	return c
}

func (c *crowd) ask() {
	a := new(asked)
	c.mu.Lock()
	c.asked = append(c.asked, a)
	c.mu.Unlock()
	m := lab.Query("generation."+anycastZone, dns.TypeTXT)
	m.SetEdns0(1232, false)
	m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID}}
	reply, err := exchangeFrom(c.fleet.clients, m, anycastAddr+":53")
	c.mu.Lock()
	defer c.mu.Unlock()
	a.done = true
	if err != nil {
		return
	}
	a.has, a.answered = generationIn(reply)
	for _, e := range lab.Explanations(reply) {
		a.marked = a.marked || e.InfoCode == dns.ExtendedErrorCodeStaleAnswer
	}
	if opt := reply.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if id, ok := o.(*dns.EDNS0_NSID); ok {
				name, _ := hex.DecodeString(id.Nsid)
				a.by = string(name)
			}
		}
	}
}

// tally is what came of some questions.
type tally struct {
	asked, lost int
	old         int // have not the newest data
	marked      int
	unsaid      int            // old, and not marked
	by          map[string]int // server
	markedBy    map[string]int
}

// now is how many questions have been asked.
func (c *crowd) now() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// next is what comes of the next n questions.
func (c *crowd) next(t *testing.T, n int) tally {
	t.Helper()
	from := c.now()
	lab.Until(t, "the clients have asked", func() bool { return c.now() >= from+n })
	return c.between(t, from, from+n)
}

// between is what came of the questions from one on, up to another. Old is what has not
// the newest data now.
func (c *crowd) between(t *testing.T, from, to int) tally {
	t.Helper()
	c.mu.Lock()
	some := c.asked[from:to]
	c.mu.Unlock()
	sum := tally{asked: len(some), by: make(map[string]int), markedBy: make(map[string]int)}
	for _, a := range some {
		lab.Until(t, "a question's end", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return a.done })
		if !a.answered {
			sum.lost++
			continue
		}
		sum.by[a.by]++
		if a.marked {
			sum.marked++
			sum.markedBy[a.by]++
		}
		if a.has < c.fleet.generation {
			sum.old++
			if !a.marked {
				sum.unsaid++
			}
		}
	}
	return sum
}
