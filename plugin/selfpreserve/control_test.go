package selfpreserve

import (
	"fmt"
	golog "log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire/schematest"
)

const stays = `{"action":"stay","reason":"the other site is down"}`

// controlled is a node that takes orders.
func controlled(t *testing.T) *still {
	s := newStill(t)
	s.conf.control = true
	return s
}

// orders sends an order as curl does, changed by change, and returns the reply in one line.
func (s *still) orders(from, body string, change func(*http.Request)) string {
	r := httptest.NewRequest("POST", "http://127.0.0.1:8182/control", strings.NewReader(body))
	r.RemoteAddr = from
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	return s.serve(r)
}

// ordersCounted is how orders are counted from now on.
func ordersCounted() func() string {
	labels := map[string]func() float64{}
	for _, action := range wire.ControlActions() {
		labels[string(action)] = func() float64 { return testutil.ToFloat64(controlTotal.WithLabelValues(string(action))) }
	}
	for _, reason := range []string{controlOff, stranger, browser, malformed} {
		labels[reason] = func() float64 { return testutil.ToFloat64(controlRejectedTotal.WithLabelValues(reason)) }
	}
	before := map[string]float64{}
	for name, value := range labels {
		before[name] = value()
	}
	return func() string {
		var more []string
		for _, name := range []string{"leave", "stay", "resume", controlOff, stranger, browser, malformed} {
			if n := labels[name]() - before[name]; n > 0 {
				more = append(more, fmt.Sprintf("%s %g", name, n))
			}
		}
		return strings.Join(more, ", ")
	}
}

func TestAnOrderIsToldInTheLogTheHistoryAndStatus(t *testing.T) {
	s, more := controlled(t), ordersCounted()
	const reason = "the other site is down"
	lines := logged(t, func() {
		if got := s.orders("127.0.0.1:4711", stays, nil); !strings.Contains(got, `"override": { "kind": "stay", "reason": "the other site is down", "since": "`) {
			t.Error(got)
		}
		s.clock += time.Minute
		schematest.Status(t, s.statusText())
		if o := s.status(time.Unix(1000, 0)).Override; o == nil || o.Since.Unix() != 940 {
			t.Errorf("%+v", o)
		}
		s.orders("127.0.0.1:4712", `{"action":"resume","reason":"it is back"}`, nil)
		s.orders("127.0.0.1:4713", `{"action":"leave","reason":"it is broken"}`, nil)
	})
	want := []string{
		"[WARNING] Operator at 127.0.0.1:4711 ordered stay: " + reason,
		"[WARNING] Operator at 127.0.0.1:4712 ordered resume: it is back",
		"[WARNING] Operator at 127.0.0.1:4713 ordered leave: it is broken",
		"[WARNING] Stepping aside, /ready is 503: the operator ordered leave: it is broken",
	}
	for _, line := range want {
		if strings.Count(strings.Join(lines, "\n")+"\n", line+"\n") != 1 {
			t.Errorf("%q, want %q once", lines, line)
		}
	}
	history := strings.Join(s.whatChanged(), "\n")
	if !strings.Contains(history, "operator at 127.0.0.1:4711 ordered stay: "+reason+"\noperator at 127.0.0.1:4712 ordered resume: it is back\noperator at 127.0.0.1:4713 ordered leave: it is broken\n") {
		t.Errorf("%s", history)
	}
	if got := more(); got != "leave 1, stay 1, resume 1" {
		t.Error(got)
	}
	if got := s.status(time.Now()); got.State != promise.Aside || got.Override.Kind != "leave" {
		t.Errorf("%+v", got)
	}
}

// What is ordered is done, and an operator's stay goes no further than max_hold.
func TestStayOutlivesNeitherMaxHoldNorARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(1))
		m := f.nodes[0]
		m.order(promise.Override{Kind: promise.Stay, Reason: "a test"}, "127.0.0.1:1")
		if may := m.status(time.Now()).MayLeave; may != 2 {
			t.Errorf("%d may leave of three of which one is to stay", may)
		}
		if held := <-f.terminate(m); held < 20*time.Second || held > 20*time.Second+farewell {
			t.Errorf("held for %s, want max_hold", held)
		}
		again := f.add(near(1))
		f.move(again, m.address)
		f.start(again)
		f.ripen(near(1))
		if o := again.status(time.Now()).Override; o != nil {
			t.Errorf("started again, it has %+v", o)
		}
		if held := <-f.terminate(again); held != 0 {
			t.Errorf("held for %s", held)
		}
	})
}

// Whoever reads the log knows which of two orders at once is in force.
func TestOrdersAtOnceAreLoggedAsTheyTakeEffect(t *testing.T) {
	s := controlled(t)
	inForce := func() string { return s.view.Load().Override.Reason }
	lines := &watched{last: inForce}
	was, flags := golog.Writer(), golog.Flags()
	golog.SetOutput(lines)
	golog.SetFlags(0)
	defer func() { golog.SetOutput(was); golog.SetFlags(flags) }()
	var operators sync.WaitGroup
	for i := range 8 {
		operators.Go(func() {
			for k := range 25 {
				s.order(promise.Override{Kind: promise.Stay, Reason: fmt.Sprint(i, " ", k)}, "127.0.0.1:1")
			}
		})
	}
	operators.Wait()
	if lines.before = append(lines.before, inForce()); len(lines.orders) != 8*25 {
		t.Fatalf("%d orders are logged", len(lines.orders))
	}
	for i, order := range lines.orders {
		if lines.before[i+1] != order {
			t.Fatalf("order %d of the log is %q, and what is in force when the next is logged is %q", i, order, lines.before[i+1])
		}
	}
}

// watched takes the log, and with each order what was in force when it was logged.
type watched struct {
	last           func() string
	orders, before []string
}

func (w *watched) Write(line []byte) (int, error) {
	if _, reason, found := strings.Cut(string(line), "ordered stay: "); found {
		w.orders, w.before = append(w.orders, strings.TrimSpace(reason)), append(w.before, w.last())
	}
	return len(line), nil
}
