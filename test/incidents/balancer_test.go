package incidents

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// balancer sends each query to a backend that it draws, as kube-proxy does with a Service
// of UDP: of those that are ready and not told to end; if there is none, of those that
// are told to end and whose readiness probe still passes; else to nobody.
type balancer struct {
	addr string

	mu  sync.Mutex
	all []*endpoint
}

// endpoint is a backend as the balancer knows it.
type endpoint struct {
	dns                string
	ready, terminating bool
}

// A readiness probe with Kubernetes' defaults for everything but the period, which is 10 s.
const (
	probePeriod   = time.Second
	probeTimeout  = time.Second
	probeFailures = 3 // in a row, and an endpoint is not ready
)

func startBalancer(t *testing.T) *balancer {
	t.Helper()
	b := new(balancer)
	client := dns.Client{Timeout: lab.Patience}
	b.addr = lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		if to := b.draw(); to != "" {
			if reply, _, err := client.Exchange(r, to); err == nil {
				_ = w.WriteMsg(reply)
			}
		}
	})
	return b
}

func (b *balancer) draw() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ready, serving []string
	for _, e := range b.all {
		switch {
		case e.ready && !e.terminating:
			ready = append(ready, e.dns)
		case e.ready:
			serving = append(serving, e.dns)
		}
	}
	if len(ready) == 0 {
		ready = serving
	}
	if len(ready) == 0 {
		return ""
	}
	return ready[rand.IntN(len(ready))]
}

// add makes a server a backend, whose /ready is looked at until the test ends.
func (b *balancer) add(t *testing.T, dnsAddr, httpAddr string) *endpoint {
	t.Helper()
	e := &endpoint{dns: dnsAddr}
	b.mu.Lock()
	b.all = append(b.all, e)
	b.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		client := http.Client{Timeout: probeTimeout, Transport: &http.Transport{DisableKeepAlives: true, DialContext: new(net.Dialer).DialContext}}
		period := time.NewTicker(probePeriod)
		defer period.Stop()
		for failed := 0; ; {
			failed++
			if response, err := client.Get("http://" + httpAddr + "/ready"); err == nil {
				_ = response.Body.Close()
				if response.StatusCode == http.StatusOK {
					failed = 0
				}
			}
			b.mu.Lock()
			e.ready = failed == 0 || e.ready && failed < probeFailures
			b.mu.Unlock()
			select {
			case <-period.C:
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); ended.Wait() })
	return e
}

func (b *balancer) isReady(e *endpoint) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return e.ready
}

func (b *balancer) terminating(e *endpoint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.terminating = true
}

// toll is what clients have seen.
type toll struct {
	asked, lost int
	first, last time.Time // a question without an answer was asked
}

func (s toll) String() string {
	told := fmt.Sprintf("%d of %d", s.lost, s.asked)
	if s.lost > 0 {
		told += fmt.Sprintf(" in %.1f s", s.last.Sub(s.first).Seconds())
	}
	return told
}

// clients ask 100 questions a second, each once, until they are told to end. A question is
// lost after as long as a resolver waits.
func (b *balancer) clients() (end func() toll) {
	const resolversTimeout = 5 * time.Second
	var (
		asked sync.WaitGroup
		done  = make(chan struct{})
		mu    sync.Mutex
		seen  toll
	)
	ask := func() {
		sent := time.Now()
		reply, _, err := (&dns.Client{Timeout: resolversTimeout}).Exchange(lab.Query("www.example.org.", dns.TypeA), b.addr)
		mu.Lock()
		defer mu.Unlock()
		seen.asked++
		if err == nil && reply.Rcode == dns.RcodeSuccess && len(reply.Answer) > 0 {
			return
		}
		if seen.lost++; seen.first.IsZero() || sent.Before(seen.first) {
			seen.first = sent
		}
		if sent.After(seen.last) {
			seen.last = sent
		}
	}
	asked.Go(func() {
		tick := time.NewTicker(time.Second / 100)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				asked.Go(ask)
			case <-done:
				return
			}
		}
	})
	return func() toll {
		close(done)
		asked.Wait()
		return seen
	}
}
