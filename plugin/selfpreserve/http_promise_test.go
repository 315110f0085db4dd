package selfpreserve

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

func TestARequestIsAnsweredByTheMachine(t *testing.T) {
	const serving, asking, unsound, aside = "serving", "asking", "unsound", "aside"
	for _, c := range []struct{ state, body, want string }{
		{serving, `{"id":"id-a","number":1,"lifetime_ms":6000}`, `200 { "id": "id-me", "number": 1, "granted": true, "lifetime_ms": 6000 }`},
		{serving, `{"id":"id-a","number":1,"lifetime_ms":1000,"load_qps":9}`, `200 { "id": "id-me", "number": 1, "granted": true, "lifetime_ms": 1000 }`},
		{serving, `{"id":"id-a","number":1,"lifetime_ms":3600000}`, `200 { "id": "id-me", "number": 1, "granted": true, "lifetime_ms": 6000 }`},
		{serving, `{"id":"id-a","number":18446744073709551615,"lifetime_ms":1000}`, `200 { "id": "id-me", "number": 18446744073709551615, "granted": true, "lifetime_ms": 1000 }`},
		{serving, `{"id":"id-me","number":1,"lifetime_ms":6000}`, `409 { "id": "id-me", "number": 1, "granted": false, "why": "is this server" }`},
		{serving, `{"id":"id-a","number":1,"renew":true,"lifetime_ms":6000}`, `409 { "id": "id-me", "number": 1, "granted": false, "why": "has no such promise" }`},
		{asking, `{"id":"id-a","number":1,"lifetime_ms":6000}`, `200 { "id": "id-me", "number": 1, "granted": true, "lifetime_ms": 6000 }`},
		{asking, `{"id":"id-z","number":1,"lifetime_ms":6000}`, `409 { "id": "id-me", "number": 1, "granted": false, "why": "wants to leave too" }`},
		{unsound, `{"id":"id-a","number":1,"lifetime_ms":6000}`, `409 { "id": "id-me", "number": 1, "granted": false, "why": "is not fit" }`},
		{aside, `{"id":"id-a","number":1,"lifetime_ms":6000}`, `409 { "id": "id-me", "number": 1, "granted": false, "why": "is aside" }`},
	} {
		s := newStill(t)
		switch c.state {
		case asking:
			s.step(promise.Terminate{})
		case unsound:
			s.step(promise.Fitness{Fit: true, Why: "one failure"})
		case aside:
			s.step(promise.PeersSeen{Peers: []promise.Peer{{Address: "192.0.2.2:8182"}}, KnownPeers: 1})
			s.step(promise.Fitness{Why: "sick"})
			s.step(promise.Replied{Sent: 1, To: "192.0.2.2:8182", Reply: promise.Reply{From: "id-b", Number: 1, Granted: true, Lifetime: 6 * time.Second}})
		}
		if got := s.send("POST", "/promise", knownPeer, c.body); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.state, c.body, got, c.want)
		}
	}
}

func TestWhatIsSentAgainHasNoEffect(t *testing.T) {
	s := newStill(t)
	until := func(want time.Duration) { // 0 if nothing is promised
		t.Helper()
		end, given := s.machine.Wake()
		if got := end - time.Hour; given != (want > 0) || given && (got != want || s.view.Load().Given != 1) {
			t.Errorf("%+v, which ends at %s, want %s", s.view.Load(), got, want)
		}
	}
	send := func(method, number, want string) {
		t.Helper()
		if got := s.send(method, "/promise", knownPeer, `{"id":"id-a","number":`+number+`}`); !strings.HasPrefix(got, want) {
			t.Errorf("%s %s: %s, want %s", method, number, got, want)
		}
	}
	const one = `1,"lifetime_ms":6000`
	send("POST", one, "200")
	s.clock += time.Second
	send("POST", one, "200") // a replay prolongs nothing
	until(6 * time.Second)
	send("POST", one+`,"renew":true`, "200")
	until(7 * time.Second)
	send("DELETE", "1", "204")
	until(0)
	send("POST", one, "409") // and revives nothing
	send("POST", `2,"lifetime_ms":6000`, "200")
	send("DELETE", "1", "204") // nor does it end what was promised later
	until(7 * time.Second)
	send("DELETE", "9", "204") // what comes before its request
	send("POST", `9,"lifetime_ms":6000`, "409")
	until(7 * time.Second)
	s.clock += 6 * time.Second
	s.step(promise.Tick{})
	until(0)
}

func TestRejectedRequestsAreCountedAndLoggedOnceAMinute(t *testing.T) {
	s := newStill(t)
	count := func() [2]float64 {
		return [2]float64{testutil.ToFloat64(rejectedTotal.WithLabelValues(stranger)), testutil.ToFloat64(rejectedTotal.WithLabelValues(malformed))}
	}
	before := count()
	var want [2]float64
	for _, step := range []struct {
		after                    time.Duration
		method, from, body, line string
	}{
		{0, "POST", "192.0.2.3:7", `{}`, "[WARNING] Rejected POST /promise from 192.0.2.3:7: only known peers may send this"},
		{0, "DELETE", "192.0.2.3:7", `{}`, ""},
		{0, "POST", knownPeer, `{"x\n":1}`, ""},
		{59 * time.Second, "DELETE", knownPeer, `{}`, ""},
		{time.Second, "DELETE", knownPeer, `{"x\n":1}`, `[WARNING] Rejected DELETE /promise from 192.0.2.2:4711: json: unknown field "x\n"`},
		{59 * time.Second, "POST", "192.0.2.3:7", `{}`, ""},
		{time.Second, "POST", knownPeer, `{"id":"\u0007"}`, `[WARNING] Rejected POST /promise from 192.0.2.2:4711: id "\a": want 1 to 256 printable ASCII characters`},
	} {
		s.clock += step.after
		if got := strings.Join(logged(t, func() { s.send(step.method, "/promise", step.from, step.body) }), "\n"); got != step.line {
			t.Errorf("%s of %s: %s, want %s", step.method, step.from, got, step.line)
		}
		if step.from == knownPeer {
			want[1]++
		} else {
			want[0]++
		}
		if got := count(); got[0]-before[0] != want[0] || got[1]-before[1] != want[1] {
			t.Errorf("counted %v, before %v, want %v more", got, before, want)
		}
	}
}

// counted counts what is read of it, without end.
type counted struct{ octets int }

func (c *counted) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	c.octets += len(p)
	return len(p), nil
}

func TestABodyWithoutEndIsCutAt4KiB(t *testing.T) {
	s := newStill(t)
	for from, want := range map[string]struct {
		reply  string
		octets int
	}{knownPeer: {"413 body is longer than 4096 octets", wire.MaxBody + 1}, "192.0.2.3:1": {"403 only known peers may send this", 0}} {
		for _, method := range []string{"POST", "DELETE"} {
			body := new(counted)
			r := httptest.NewRequest(method, "/promise", io.LimitReader(body, 1<<30))
			r.RemoteAddr = from
			if got := s.serve(r); got != want.reply || body.octets > want.octets {
				t.Errorf("%s: %s after %d octets, want %s after %d", method, got, body.octets, want.reply, want.octets)
			}
		}
	}
}
