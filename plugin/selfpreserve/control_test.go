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

func TestOrdersAreTakenFromLoopbackOnly(t *testing.T) {
	for from, want := range map[string]string{
		"127.0.0.1:4711": "200 {", "127.9.8.7:1": "200 {", "[::1]:4711": "200 {", "[::ffff:127.0.0.1]:4711": "200 {",
		knownPeer: "403 orders are taken only from", "[2001:db8::2]:1": "403 orders", "128.0.0.1:1": "403 orders", "0.0.0.0:1": "403 orders", "[::]:1": "403 orders",
		"127.0.0.1": "403 orders", "@": "403 orders", "": "403 orders", "[::ffff:192.0.2.2]:1": "403 orders",
	} {
		s, more := controlled(t), ordersCounted()
		got := s.orders(from, stays, func(r *http.Request) { // which anybody can write
			r.Header.Set("X-Real-Ip", "127.0.0.1")
		})
		taken := strings.HasPrefix(want, "200")
		if !strings.HasPrefix(got, want) || (s.view.Load().Override.Kind == promise.Stay) != taken || more() != map[bool]string{true: "stay 1", false: "stranger 1"}[taken] {
			t.Errorf("from %q: %s, counted %q, and then %+v; want %s", from, got, more(), s.view.Load().Override, want)
		}
	}
}

// A proxy on this host makes strangers come from loopback.
func TestOrdersThatAProxyPassesOnAreNotTaken(t *testing.T) {
	for header, value := range map[string]string{"Forwarded": "for=127.0.0.1", "X-Forwarded-For": "127.0.0.1", "x-forwarded-proto": "http", "Via": "1.1 a", "via": ""} {
		s, more := controlled(t), ordersCounted()
		got := s.orders("127.0.0.1:1", stays, func(r *http.Request) { r.Header.Set(header, value) })
		if want := "403 a proxy has passed this order on, with " + http.CanonicalHeaderKey(header); !strings.HasPrefix(got, want) || s.view.Load().Override.Kind != "" || more() != "stranger 1" {
			t.Errorf("%s: %s, counted %q; want %s", header, got, more(), want)
		}
	}
}

func TestWithoutControlInTheCorefileNobodyGivesOrders(t *testing.T) {
	s, more := newStill(t), ordersCounted()
	if got := s.orders("127.0.0.1:1", stays, nil); !strings.HasPrefix(got, "403 orders are not taken: the Corefile does not say control") || more() != "off 1" || s.view.Load().Override.Kind != "" {
		t.Errorf("%s, counted %s", got, more())
	}
}

func TestNoWebPageGivesOrders(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   string
	}{
		"a page of this host":          {header("Origin", "http://127.0.0.1:8182"), "403 orders are not taken from a browser"},
		"a file":                       {header("Origin", "null"), "403 orders are not taken from a browser"},
		"a browser without an origin":  {header("Sec-Fetch-Site", "none"), "403 orders are not taken from a browser"},
		"a form":                       {header("Content-Type", "application/x-www-form-urlencoded"), `415 content type "application/x-www-form-urlencoded": want application/json`},
		"a form of text":               {header("Content-Type", "text/plain; a=application/json"), `415 content type`},
		"no type":                      {header("Content-Type", ""), `415 content type "": want`},
		"broken type":                  {header("Content-Type", "application/json; charset"), `415 content type`},
		"a name that was pointed here": {host("evil.example:8182"), `403 host "evil.example:8182" is no IP address: want one such as 127.0.0.1 in the URL`},
		"localhost":                    {host("localhost:8182"), `403 host "localhost:8182" is no IP address`},
		"no host":                      {host(""), `403 host "" is no IP address`},
		"a name like an address":       {host("127.0.0.1.evil.example"), `403 host "127.0.0.1.evil.example" is no IP address`},
		"a number":                     {host("2130706433:8182"), `403 host "2130706433:8182" is no IP address`},
	} {
		s, more := controlled(t), ordersCounted()
		if got := s.orders("127.0.0.1:1", stays, c.change); !strings.HasPrefix(got, c.want) || s.view.Load().Override.Kind != "" || more() == "" {
			t.Errorf("%s: %s, counted %q, want %s", name, got, more(), c.want)
		}
	}
	for _, as := range []func(*http.Request){host("127.0.0.1"), host("[::1]:8182"), host("[::1]"), host("192.0.2.1:80"), header("Content-Type", "application/JSON; charset=utf-8")} {
		if got := controlled(t).orders("127.0.0.1:1", stays, as); !strings.HasPrefix(got, "200 ") {
			t.Error(got)
		}
	}
	if got := controlled(t).send("OPTIONS", "/control", "127.0.0.1:1", ""); !strings.HasPrefix(got, "405 ") {
		t.Errorf("a browser that asks whether it may: %s", got)
	}
}

func TestAMalformedOrderChangesNothing(t *testing.T) {
	s := controlled(t)
	before, more := s.everything(), ordersCounted()
	for body, want := range map[string]string{
		"":                                     "400 EOF",
		"null":                                 `400 action "": want one of ["leave" "stay" "resume"]`,
		`{"reason":"a"}`:                       `400 action "": want one of`,
		`{"action":"Stay","reason":"a"}`:       `400 action "Stay": want one of`,
		`{"action":"","reason":"a"}`:           `400 action "": want one of`,
		`{"action":7,"reason":"a"}`:            "400 json: cannot unmarshal number",
		`{"action":"stay"}`:                    "400 reason is empty: want 1 to 256 octets of text that tell others why",
		`{"action":"stay","reason":" \u3000"}`: "400 reason is empty",
		`{"action":"stay","reason":"a\nb"}`:    `400 reason "a\nb": want 1 to 256 octets of text on one line`,
		`{"action":"stay","reason":"\u001b"}`:  `400 reason "\x1b": want`,
		`{"action":"stay","reason":"\u202e"}`:  `400 reason "\u202e": want`,
		`{"action":"stay","reason":"` + strings.Repeat("x", 257) + `"}`: `400 reason "xxxxxxxxxxxxxxxxxxxx": want 1 to 256 octets`,
		`{"action":"stay","reason":"` + strings.Repeat("é", 129) + `"}`: `400 reason "éééééééééééééééééééé": want 1 to 256 octets`,
		`{"action":"stay","reason":"a","for":"1h"}`:                     `400 json: unknown field "for"`,
		stays + stays: "400 something follows the JSON value",
		strings.Repeat(" ", wire.MaxBody) + stays: "413 body is longer than 4096 octets",
	} {
		if got := s.orders("127.0.0.1:1", body, nil); !strings.HasPrefix(got, want) {
			t.Errorf("%.60q: %s, want %s", body, got, want)
		}
	}
	if got := s.everything(); got != before || more() != "malformed 16" {
		t.Errorf("%s, changed\n%s\nto\n%s", more(), before, got)
	}
	for _, reason := range []string{strings.Repeat("x", 256), strings.Repeat("é", 128), "\\u00e9, because"} {
		if got := s.orders("127.0.0.1:1", `{"action":"stay","reason":"`+reason+`"}`, nil); !strings.HasPrefix(got, "200 ") {
			t.Error(got)
		}
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
		"[WARNING] Operator at 127.0.0.1:4711 orders stay: " + reason,
		"[WARNING] Operator at 127.0.0.1:4712 orders resume: it is back",
		"[WARNING] Operator at 127.0.0.1:4713 orders leave: it is broken",
		"[WARNING] Steps aside, /ready is 503: the operator said leave: it is broken",
	}
	for _, line := range want {
		if strings.Count(strings.Join(lines, "\n")+"\n", line+"\n") != 1 {
			t.Errorf("%q, want %q once", lines, line)
		}
	}
	history := strings.Join(s.whatChanged(), "\n")
	if !strings.Contains(history, "operator at 127.0.0.1:4711 orders stay: "+reason+"\noperator at 127.0.0.1:4712 orders resume: it is back\noperator at 127.0.0.1:4713 orders leave: it is broken\n") {
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
	if _, reason, found := strings.Cut(string(line), "orders stay: "); found {
		w.orders, w.before = append(w.orders, strings.TrimSpace(reason)), append(w.before, w.last())
	}
	return len(line), nil
}
