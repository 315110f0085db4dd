package zones

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

const manyZones = 1000

// manyNames are the zones' names, as they are written in a Corefile.
func manyNames() string {
	var b strings.Builder
	for i := range manyZones {
		fmt.Fprintf(&b, " z%d.example", i)
	}
	return b.String()
}

// startManyZones runs a server that watches them all until the test ends.
func startManyZones(t *testing.T, interval time.Duration, primaries ...string) {
	t.Helper()
	embedded.Start(t, fmt.Sprintf(`.:0 {
 bind 127.0.0.1
 stalecheck %s {
  primary %s
  interval %s
 }
 template IN SOA {
  answer "{{ .Name }} 60 IN SOA ns.{{ .Name }} hostmaster.{{ .Name }} 1 7200 900 1209600 60"
 }
}`, manyNames(), strings.Join(primaries, " "), interval), nil)
}

// arrivals are the queries that a server got.
type arrivals struct {
	mu     sync.Mutex
	times  []time.Time
	byZone map[string]int
}

func (a *arrivals) add(zone string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times = append(a.times, time.Now())
	if a.byZone == nil {
		a.byZone = make(map[string]int)
	}
	a.byZone[zone]++
}

// most is the largest number of queries that came within d, and how many came in all.
func (a *arrivals) most(d time.Duration) (most, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := 0
	for last, at := range a.times {
		for at.Sub(a.times[first]) >= d {
			first++
		}
		most = max(most, last-first+1)
	}
	return most, len(a.times)
}

// twoRounds returns why it is not so that each zone was asked for about twice in two
// intervals, or "". It begins anywhere in the first and is then asked for after 0.8 to 1.2.
func (a *arrivals) twoRounds() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.times); n < 1.8*manyZones || n > 2.2*manyZones {
		return fmt.Sprintf("%d queries in two intervals, want about %d", n, 2*manyZones)
	}
	for zone, n := range a.byZone {
		if n > 3 {
			return fmt.Sprintf("%s was asked for %d times in two intervals", zone, n)
		}
	}
	if n := len(a.byZone); n != manyZones {
		return fmt.Sprintf("%d zones were asked for, want %d", n, manyZones)
	}
	return ""
}

func (a *arrivals) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times, a.byZone = nil, nil
}

// Two servers are asked for every zone, and one of them is dead, which holds each query
// to it for two seconds. The pace at which the living one is asked is the contract's. A
// machine that stalls breaks it in one pair of intervals, a defect in all of them.
func TestProbesOfAThousandZonesAreSpreadAlsoBesideADeadPrimary(t *testing.T) {
	t.Parallel()
	const interval, probeTimeout, mostInFlight, tries = 8 * time.Second, 2 * time.Second, 64, 4
	var living, dead arrivals
	pace := func() string {
		busiest, all := living.most(interval / 10)
		t.Logf("the living primary: %d queries, %d in the busiest tenth of an interval, whose share is %d", all, busiest, manyZones/10)
		inFlight, all := dead.most(probeTimeout)
		t.Logf("the dead primary: %d queries, at most %d in flight", all, inFlight)
		switch told := living.twoRounds(); {
		case told != "":
			return told
		case busiest > 3*manyZones/10:
			return fmt.Sprintf("a tenth of an interval has %d queries for %d zones, want at most three times its share", busiest, manyZones)
		case inFlight > mostInFlight:
			return fmt.Sprintf("%d queries to the dead primary were in flight, want at most %d", inFlight, mostInFlight)
		case all <= mostInFlight:
			return fmt.Sprintf("the dead primary got %d queries in all, which is too few to tell", all)
		}
		return ""
	}
	startManyZones(t, interval, startSilent(t, dead.add), lab.StartPrimary(t, living.add))
	for try := 1; ; try++ {
		<-time.After(2 * interval)
		told := pace()
		if told == "" {
			return
		}
		if try == tries {
			t.Fatal(told)
		}
		t.Log(told)
		living.forget()
		dead.forget()
	}
}

// startSilent takes queries and never answers them, until the test ends.
func startSilent(t *testing.T, seen func(zone string)) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, dns.MaxMsgSize)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return // closed
			}
			m := new(dns.Msg)
			if err := m.Unpack(slices.Clone(buf[:n])); err != nil {
				t.Error(err)
				continue
			}
			seen(m.Question[0].Name)
		}
	})
	t.Cleanup(func() { _ = conn.Close(); reading.Wait() })
	return conn.LocalAddr().String()
}
