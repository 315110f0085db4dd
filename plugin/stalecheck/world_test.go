package stalecheck

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// world is what a plugin under synctest sees: its references and its backend.
type world struct {
	sync.Mutex
	own       int               // serial of the backend; -1 is SERVFAIL
	serials   map[string]uint32 // by address; none is silence
	asked     map[string][]time.Time
	inFlight  int
	mostAtOne int
	dropped   func(zone string) bool
}

// inWorld is the plugin of a stanza in a world of its own, with the bubble's clock.
func inWorld(t *testing.T, stanza string) (*StaleCheck, *world) {
	t.Helper()
	s := newCheck(t, stanza)
	s.now = time.Now
	w := &world{own: 8, serials: map[string]uint32{}, asked: map[string][]time.Time{}}
	s.ask = func(ctx context.Context, address, zone string) (verdict.Answer, verdict.Failure) {
		w.Lock()
		w.asked[address] = append(w.asked[address], time.Now())
		w.inFlight++
		w.mostAtOne = max(w.mostAtOne, w.inFlight)
		serial, ok := w.serials[address]
		ok = ok && (w.dropped == nil || !w.dropped(zone))
		w.Unlock()
		defer func() { w.Lock(); w.inFlight--; w.Unlock() }()
		if !ok {
			<-ctx.Done()
			time.Sleep(time.Millisecond) // of the bubble: who ends the context does not end us at once
			return verdict.Answer{}, verdict.Timeout
		}
		time.Sleep(time.Millisecond) // of the bubble
		return verdict.Answer{Serial: serial}, ""
	}
	backend := plugin.HandlerFunc(func(_ context.Context, rw dns.ResponseWriter, r *dns.Msg) (int, error) {
		w.Lock()
		defer w.Unlock()
		if w.own < 0 {
			return dns.RcodeServerFailure, nil
		}
		m := new(dns.Msg).SetReply(r)
		m.Answer = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Serial: uint32(w.own), Expire: 600}}
		return dns.RcodeSuccess, rw.WriteMsg(m)
	})
	s.Next = backend
	if err := s.readFrom(func(string) plugin.Handler { return nil }); err != nil {
		t.Fatal(err)
	}
	return s, w
}

func (w *world) waiting() int {
	w.Lock()
	defer w.Unlock()
	return w.inFlight
}

func (w *world) set(address string, serial uint32) {
	w.Lock()
	defer w.Unlock()
	w.serials[address] = serial
}

func (w *world) setOwn(serial int) {
	w.Lock()
	defer w.Unlock()
	w.own = serial
}

const (
	p0 = "192.0.2.1:53"
	q0 = "192.0.2.2:53"
)

// until waits until the zone has a status and returns how long that took.
func until(t *testing.T, s *StaleCheck, want verdict.Status, atMost time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	for time.Since(begin) <= atMost {
		if s.zones[0].verdict.Load().Status == want {
			return time.Since(begin)
		}
		time.Sleep(100 * time.Millisecond) // of the bubble
		synctest.Wait()
	}
	t.Fatalf("not %s within %s but %+v", want, atMost, s.zones[0].verdict.Load())
	return 0
}

// manyZones is a stanza for n zones.
func manyZones(n int, lines string) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("z%d.example.org", i))
	}
	return "stalecheck " + strings.Join(names, " ") + " {\n" + lines + "\n}"
}
