package selfpreserve

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// still is a node in service that does nothing by itself, an hour after its start. It
// knows the peers 192.0.2.2, fe80::2%eth0 and 2001:db8::2.
type still struct {
	*node
	clock time.Duration
}

func newStill(t testing.TB) *still {
	t.Helper()
	s := &still{clock: time.Hour}
	set := near(1)
	set.peers = true
	conf := &set
	conf.static = []netip.AddrPort{
		netip.MustParseAddrPort("192.0.2.2:8182"), netip.MustParseAddrPort("[fe80::2%eth0]:8182"), netip.MustParseAddrPort("[2001:db8::2]:8182"),
	}
	s.node = newNode("id-me", conf, func() time.Duration { return s.clock }, rand.New(rand.NewPCG(1, 2)))
	s.roster.Find(s.clock, staticPeers, conf.static, nobody)
	s.step(promise.Fitness{Fit: true, AllPassed: true})
	if now := s.view.Load(); now.State != promise.Serving {
		t.Fatalf("it is %s", now.State)
	}
	return s
}

// everything is all that the node knows, as text.
func (s *still) everything() string {
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v", *s.machine, s.roster.Peers(), s.roster.Candidates(noChance{}), s.view.Load())
}

// noChance leaves things in order.
type noChance struct{}

func (noChance) Shuffle(int, func(i, j int)) {}

const knownPeer = "192.0.2.2:4711"

// send makes a request of a client at an address and returns the reply in one line.
func (s *still) send(method, path, from, body string, headers ...string) string {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = from
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.serve(r)
}

func (s *still) serve(r *http.Request) string {
	recorder := httptest.NewRecorder()
	s.handler().ServeHTTP(recorder, r)
	return fmt.Sprint(recorder.Code, " ", strings.Join(strings.Fields(recorder.Body.String()), " "))
}

func TestWhatAStrangerSendsChangesNothing(t *testing.T) {
	s := newStill(t)
	s.roster.Answered(s.clock, netip.MustParseAddrPort("192.0.2.2:8182"), "id-a", promise.Serving)
	s.send("POST", "/promise", knownPeer, `{"id":"id-a","number":7,"lifetime_ms":6000}`)
	if s.view.Load().Given != 1 {
		t.Fatal("there is no promise to end")
	}
	before := s.everything()
	for _, from := range []string{"192.0.2.3:8182", "127.0.0.1:8182", "[2001:db8::3]:1", "[::1]:1", "[::ffff:192.0.2.3]:1", "192.0.2.2", "@", ""} {
		for _, headers := range [][]string{
			nil, {"X-Forwarded-For", "192.0.2.2"}, {"Forwarded", "for=192.0.2.2"}, {"X-Real-Ip", "192.0.2.2"},
			{wire.HeaderID, "id-a", wire.HeaderState, "leaving"}, {wire.HeaderID, "id-me", wire.HeaderState, "serving"},
		} {
			for _, c := range []struct{ method, path, body, want string }{
				{"POST", "/promise", `{"id":"id-a","number":8,"lifetime_ms":6000}`, "403 only known peers may send this"},
				{"POST", "/promise", `{"id":"id-a","number":7,"renew":true,"lifetime_ms":6000}`, "403 only known peers may send this"},
				{"POST", "/promise", "", "403 only known peers may send this"},
				{"DELETE", "/promise", `{"id":"id-a","number":7}`, "403 only known peers may send this"},
				{"GET", "/peer", "", `200 { "id": "id-me",`},
				{"GET", "/ready", "", "200 OK"},
				{"GET", "/status", "", `200 { "schema_version": 1, "id": "id-me",`},
				{"HEAD", "/ready", "", "200 "},
				{"PUT", "/promise", "", "405 Method Not Allowed"},
				{"GET", "/promise", "", "405 Method Not Allowed"},
				{"POST", "/ready", "", "405 Method Not Allowed"},
				{"DELETE", "/peer", "", "405 Method Not Allowed"},
				{"POST", "/status", "", "405 Method Not Allowed"},
				{"GET", "/", "", "200 <!DOCTYPE html>"},
				{"POST", "/", "", "405 Method Not Allowed"},
				{"POST", "/promise/", `{}`, "404 404 page not found"},
				{"GET", "/debug/pprof/", "", "404 404 page not found"},
				{"GET", "/metrics", "", "404 404 page not found"},
			} {
				if got := s.send(c.method, c.path, from, c.body, headers...); !strings.HasPrefix(got, c.want) {
					t.Errorf("%s %s of %q with %q: %s, want %s", c.method, c.path, from, headers, got, c.want)
				}
				if got := s.everything(); got != before {
					t.Fatalf("%s %s of %q with %q changed\n%s\nto\n%s", c.method, c.path, from, headers, before, got)
				}
			}
		}
	}
}

func TestAPeerIsKnownByItsAddressAsItComes(t *testing.T) {
	for _, from := range []string{knownPeer, "192.0.2.2:1", "[::ffff:192.0.2.2]:8182", "[2001:db8::2]:8182", "[fe80::2%eth0]:1", "[fe80::2%2]:1", "[fe80::2]:1"} {
		s := newStill(t)
		want := `200 { "id": "id-me", "number": 1, "granted": true, "lifetime_ms": 6000 }`
		if got := s.send("POST", "/promise", from, `{"id":"id-a","number":1,"lifetime_ms":7000}`); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
		if got := s.send("DELETE", "/promise", from, `{"id":"id-a","number":1}`); got != "204 " || s.view.Load().Given != 0 {
			t.Errorf("%s: DELETE: %s", from, got)
		}
	}
}

func TestAKnownPeerIsHeededWhenItSaysHowItIs(t *testing.T) {
	s := newStill(t)
	it := netip.MustParseAddrPort("192.0.2.2:8182")
	s.roster.Answered(0, it, "id-a", promise.Serving)
	for _, c := range []struct{ id, state, want string }{
		{"id-a", "asking", "asking"}, {"id-a", "aside", "aside"}, {"id-b", "serving", "aside"}, {"id-a", "gone", "aside"},
		{"", "serving", "aside"}, {"id a", "serving", "aside"}, {"id-a", "", "aside"}, {"id-a", "leaving", "leaving"},
	} {
		if got := s.send("GET", "/peer", knownPeer, "", wire.HeaderID, c.id, wire.HeaderState, c.state); !strings.HasPrefix(got, "200 ") {
			t.Error(got)
		}
		first := s.roster.Peers()[0]
		asked := slices.ContainsFunc(s.roster.Candidates(noChance{}), func(p promise.Peer) bool { return p.Address == it.String() })
		if first.Address != it || first.Status != c.want || asked == (c.want == "leaving") {
			t.Errorf("%s %s: %+v, which may be asked: %v; want %s", c.id, c.state, first, asked, c.want)
		}
	}
}

func TestMalformedRequestsOfAPeerChangeNothing(t *testing.T) {
	s := newStill(t)
	s.send("POST", "/promise", knownPeer, `{"id":"id-a","number":7,"lifetime_ms":6000}`)
	before := s.everything()
	for body, want := range map[string]string{
		"":                               "EOF",
		"{":                              "unexpected EOF",
		"[]":                             "cannot unmarshal array",
		"null":                           `id "": want 1 to 256 printable ASCII characters`,
		"{}":                             `id "": want 1 to 256`,
		`"id-a"`:                         "cannot unmarshal string",
		`{"id":1,"number":8}`:            "cannot unmarshal number",
		`{"id":"id-a","number":"8"}`:     "cannot unmarshal string",
		`{"id":"id-a","number":-1}`:      "cannot unmarshal number -1",
		`{"id":"id-a","number":1.5}`:     "cannot unmarshal number 1.5",
		`{"id":"id-a","number":1e99}`:    "cannot unmarshal number 1e99",
		`{"id":"id-a","number":8} {}`:    "unexpected text after the JSON value",
		`{"id":"id-a","number":8}]`:      "unexpected text after the JSON value",
		`{"id":"id-a","number":8,"x":1}`: `unknown field "x"`,
		`{"id":"id-a","number":8,"` + strings.Repeat("x", wire.MaxBody) + `":1}`: "body is longer than 4096 octets",
		`{"id":"` + strings.Repeat("x", wire.MaxText+1) + `","number":8}`:        `id "xxxxxxxxxxxxxxxxxxxx": want 1 to 256`,
		`{"id":"id\n","number":8}`: `id "id\n": want 1 to 256`,
		`{"id":"id a","number":8}`: `id "id a": want 1 to 256`,
		`{"id":"idé","number":8}`:  `id "idé": want 1 to 256`,
	} {
		status := "400 "
		if strings.HasPrefix(want, "body is longer") {
			status = "413 "
		}
		for _, method := range []string{"POST", "DELETE"} {
			if got := s.send(method, "/promise", knownPeer, body); !strings.HasPrefix(got, status) || !strings.Contains(got, want) {
				t.Errorf("%s %.60s: %s, want %s and %s", method, body, got, status, want)
			}
		}
	}
	for more, want := range map[string]string{
		`"number":0,"lifetime_ms":6000`:                       "number 0: want a number that the asker has not used, 1 or higher",
		`"lifetime_ms":6000`:                                  "number 0: want",
		`"number":8`:                                          "lifetime_ms 0: want 1000 to 3600000",
		`"number":8,"lifetime_ms":999`:                        "lifetime_ms 999: want 1000 to 3600000",
		`"number":8,"lifetime_ms":-1`:                         "lifetime_ms -1: want 1000 to 3600000",
		`"number":8,"lifetime_ms":3600001`:                    "lifetime_ms 3600001: want",
		`"number":8,"lifetime_ms":9223372036854775807`:        "lifetime_ms 9223372036854775807: want",
		`"number":8,"lifetime_ms":9223372036854775808`:        "cannot unmarshal number",
		`"number":8,"lifetime_ms":6000,"load_qps":-1`:         "load_qps -1: want 0 to 1000000000",
		`"number":8,"lifetime_ms":6000,"load_qps":1000000001`: "load_qps 1000000001: want",
		`"number":8,"lifetime_ms":6000,"renew":"yes"`:         "cannot unmarshal string",
		`"number":8,"lifetime_ms":6000,"granted":true`:        `unknown field "granted"`,
		`"number":18446744073709551616,"lifetime_ms":6000`:    "cannot unmarshal number",
	} {
		if got := s.send("POST", "/promise", knownPeer, `{"id":"id-a",`+more+`}`); !strings.HasPrefix(got, "400 ") || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want 400 and %s", more, got, want)
		}
	}
	if got := s.everything(); got != before {
		t.Errorf("changed\n%s\nto\n%s", before, got)
	}
}
