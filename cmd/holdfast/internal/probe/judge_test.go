package probe

import (
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// fleet is three servers that are judged round by round.
func fleet() (*prober, []row) {
	p := &prober{zone: "example.org.", records: []string{"beat.example.org."}, maxAge: time.Minute}
	return p, []row{{server{"a", "192.0.2.1:53"}, "udp"}, {server{"b", "192.0.2.2:53"}, "udp"}, {server{"c", "192.0.2.3:53"}, "udp"}}
}

// shows is an answer with a serial, and with a heartbeat of the age.
func shows(serial uint32, now time.Time, age time.Duration) look {
	return look{serial: serial, authoritative: true, beats: []beat{{at: now.Add(-age)}}, sent: 1}
}

func TestLagIsMeasuredFromTheFirstSightOfNewerData(t *testing.T) {
	p, rows := fleet()
	for _, round := range []struct {
		after   time.Duration
		serials [3]uint32
		lag     float64 // of c
		state   State
	}{
		{0, [3]uint32{9, 9, 9}, 0, Fresh},
		{10 * time.Second, [3]uint32{10, 9, 9}, 0, Fresh}, // it may be on its way
		{20 * time.Second, [3]uint32{10, 10, 9}, 10, Behind},
		{30 * time.Second, [3]uint32{11, 11, 9}, 20, Behind},
		{40 * time.Second, [3]uint32{11, 11, 10}, 10, Behind}, // it has caught up with the first
		{80 * time.Second, [3]uint32{11, 11, 10}, 50, Behind},
		{91 * time.Second, [3]uint32{11, 11, 10}, 61, Stale},
		{95 * time.Second, [3]uint32{11, 11, 11}, 0, Fresh},
		{99 * time.Second, [3]uint32{1<<31 + 12, 11, 1<<31 + 12}, 0, Fresh}, // incomparable with 11
	} {
		now := noon.Add(round.after)
		looks := make([]look, len(rows))
		for i, serial := range round.serials {
			looks[i] = shows(serial, now, 0)
		}
		servers, _ := p.judge(rows, looks, now)
		if c := servers[2]; c.Lag != round.lag || c.State != round.state {
			t.Errorf("after %s c is %s, %g s behind: want %s, %g s", round.after, c.State, c.Lag, round.state, round.lag)
		}
	}
}

func TestAHeartbeatTellsLagAndAge(t *testing.T) {
	p, rows := fleet()
	var c Server
	for n := range 4 { // c has the first heartbeat for ever
		now := noon.Add(time.Duration(n) * 10 * time.Second)
		servers, _ := p.judge(rows, []look{shows(7, now, 0), shows(7, now, 0), shows(7, now, now.Sub(noon))}, now)
		c = servers[2]
	}
	if c.State != Behind || c.Lag != 20 || *c.Age != 30 || c.Why != "heartbeat is 20s behind" {
		t.Errorf("c is %+v", c)
	}
	// The writer stops: all are old, and nobody is behind.
	p, rows = fleet()
	now := noon.Add(2 * time.Minute)
	servers, _ := p.judge(rows, []look{shows(7, now, 2*time.Minute), shows(7, now, 2*time.Minute), shows(7, now, 2*time.Minute)}, now)
	for _, s := range servers {
		if s.State != Stale || s.Lag != 0 || s.Why != "heartbeat is 120s old" {
			t.Errorf("%s is %+v", s.Name, s)
		}
	}
}

func TestTheNewestSerialIsThatOfRFC1982(t *testing.T) {
	p, rows := fleet()
	_, serial := p.judge(rows, []look{shows(1<<32-2, noon, 0), shows(3, noon, 0), shows(1<<32-1, noon, 0)}, noon)
	if *serial != 3 {
		t.Errorf("the newest is %d", *serial)
	}
}

// What one server says of itself does not take anything back.
func TestADeadServerStaysBehind(t *testing.T) {
	p, rows := fleet()
	dead := look{failure: verdict.Timeout, beats: []beat{{reason: verdict.NoAnswer}}, sent: 2, lost: 2}
	now := noon
	p.judge(rows, []look{shows(7, now, 0), shows(7, now, 0), shows(7, now, 0)}, now)
	var c Server
	for range 3 {
		now = now.Add(10 * time.Second)
		servers, _ := p.judge(rows, []look{shows(8, now, 0), shows(8, now, 0), dead}, now)
		c = servers[2]
	}
	if c.State != Down || c.Lag != 20 || *c.Serial != 7 || c.Lost != 6 || c.Sent != 7 || c.Why != "timeout; 20s behind, serial 7 < 8" {
		t.Errorf("c is %+v", c)
	}
}

func TestServersThatHaveGoneAreForgotten(t *testing.T) {
	p, rows := fleet()
	p.judge(rows, make([]look, 3), noon)
	p.judge(rows[:1], make([]look, 1), noon)
	if len(p.memories) != 1 {
		t.Errorf("%d are remembered", len(p.memories))
	}
}

func TestTheVerdictNamesTheWorstFirst(t *testing.T) {
	r := Round{Zone: "example.org.", Servers: []Server{{Address: "1", Transport: "udp", State: Fresh}, {Address: "2", Transport: "udp", State: Behind, Lag: 9},
		{Address: "3", Transport: "udp", State: Stale, Lag: 3700}, {Address: "4", Transport: "tcp", State: Down}, {Address: "5", Transport: "udp", State: Stale, Lag: 70}}}
	r.sum()
	const want = "example.org.: 1 of 5 fresh; 4 tcp is down; 3 udp is stale, 1h1m behind; 5 udp is stale, 1m10s behind; and 1 more"
	if r.Verdict != want || r.Fresh != 1 || r.OK() {
		t.Errorf("%q, want %q", r.Verdict, want)
	}
}
