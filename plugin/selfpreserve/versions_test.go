package selfpreserve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// A server of version 0 gets from this one every status and field that it got when it was
// recorded, and what it says of itself is heeded.
func TestVersion0IsAnsweredAsItWasWhenItWasRecorded(t *testing.T) {
	s := newStill(t)
	exchanges := transcript(t, "wire/testdata/version-0-asks-1.txt")
	id := promise.ID(exchanges[0].request.Header.Get(wire.HeaderID))
	s.roster.Answered(s.clock, netip.MustParseAddrPort("192.0.2.2:8182"), id, promise.Serving)
	for _, e := range exchanges {
		if strings.Contains(string(e.says), "is not fit") {
			s.step(promise.Fitness{Fit: true})
		}
		e.request.RemoteAddr = knownPeer
		e.request.Body = io.NopCloser(bytes.NewReader(e.asks))
		status, body, _ := strings.Cut(s.serve(e.request), " ")
		if want := fmt.Sprint(e.reply.StatusCode); status != want {
			t.Fatalf("%s: %s %s, want %s", e, status, body, want)
		}
		for field, want := range fields(t, e.says) {
			got, there := fields(t, []byte(body))[field]
			if !there || e.request.Method == http.MethodPost && field != "id" && got != want {
				t.Errorf("%s: %s is %s, want %s", e, field, got, want)
			}
		}
		switch granted := s.view.Load().Given; {
		case e.request.Method == http.MethodPost && status == "200" && granted != 1:
			t.Errorf("%s: it does not stay", e)
		case e.request.Method == http.MethodDelete && granted != 0:
			t.Errorf("%s: it still stays", e)
		}
		if state := e.request.Header.Get(wire.HeaderState); state != "" && s.roster.Peers()[0].Status != state {
			t.Errorf("%s: it is taken to be %s", e, s.roster.Peers()[0].Status)
		}
	}
}

// This server asks one of version 0 in words that it takes, and understands its replies.
func TestAServerOfVersion0IsAskedAsItWasWhenItWasRecorded(t *testing.T) {
	var now recorded
	address, c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != now.request.Method || r.URL.Path != now.request.URL.Path {
			t.Errorf("%s: it sends %s %s", now, r.Method, r.URL)
		}
		known := fields(t, now.asks)
		for field, value := range fields(t, body) {
			if known[field] != value {
				t.Errorf("%s: it sends %s", now, body)
			}
		}
		for name := range now.request.Header {
			if r.Header.Get(name) != now.request.Header.Get(name) {
				t.Errorf("%s: it sends %s %s", now, name, r.Header.Get(name))
			}
		}
		w.WriteHeader(now.reply.StatusCode)
		_, _ = w.Write(now.says)
	})
	granted := 0
	for _, now = range transcript(t, "wire/testdata/version-1-asks-0.txt") {
		var err error
		switch now.request.Method {
		case http.MethodGet:
			me := wire.Hello{ID: promise.ID(now.request.Header.Get(wire.HeaderID))}
			if err := me.State.UnmarshalText([]byte(now.request.Header.Get(wire.HeaderState))); err != nil {
				t.Fatal(err)
			}
			var it wire.Hello
			it, err = c.hello(t.Context(), address, me)
			if got := fields(t, now.says); got["id"] != fmt.Sprintf("%q", it.ID) || got["state"] != fmt.Sprintf("%q", it.State) || it.Wire != 0 {
				t.Errorf("%s: it is understood to be %+v", now, it)
			}
		case http.MethodPost:
			var ask wire.Ask
			if err := json.Unmarshal(now.asks, &ask); err != nil {
				t.Fatal(err)
			}
			request, _ := ask.Request()
			var reply promise.Reply
			reply, err = c.ask(t.Context(), address, request)
			if reply.Granted != (now.reply.StatusCode == http.StatusOK) || reply.Granted != (reply.Lifetime == request.Lifetime) || reply.Granted == (reply.Why != "") {
				t.Errorf("%s: it is understood to say %+v", now, reply)
			}
			if reply.Granted {
				granted++
			}
		case http.MethodDelete:
			var release wire.Release
			if err := json.Unmarshal(now.asks, &release); err != nil {
				t.Fatal(err)
			}
			err = c.release(t.Context(), address, release.ID, release.Number)
		}
		if err != nil {
			t.Errorf("%s: %v", now, err)
		}
	}
	if granted != 2 {
		t.Errorf("%d promises were given or renewed, want 2", granted)
	}
}

// Also where it refuses: whoever is not understood has to learn why.
func TestEveryReplyOfTheWireHasTheVersion(t *testing.T) {
	const ask, long = `{"id":"id-a","number":1,"lifetime_ms":6000}`, wire.MaxBody + 1
	for _, c := range []struct {
		method, path, from, body string
		version                  string
		status                   int
	}{
		{"GET", "/peer", knownPeer, "", "", 200},
		{"GET", "/peer", "198.51.100.1:1", "", "65536", 200},
		{"POST", "/promise", knownPeer, ask, "", 200},
		{"POST", "/promise", knownPeer, ask, "2", 409},
		{"POST", "/promise", knownPeer, "{", "", 400},
		{"POST", "/promise", knownPeer, ask, "one", 400},
		{"POST", "/promise", "198.51.100.1:1", ask, "", 403},
		{"POST", "/promise", knownPeer, strings.Repeat(" ", long), "", 413},
		{"DELETE", "/promise", knownPeer, `{"id":"id-a","number":1}`, "", 204},
		{"DELETE", "/promise", knownPeer, "", "", 400},
		{"DELETE", "/promise", "198.51.100.1:1", `{"id":"id-a","number":1}`, "", 403},
		{"DELETE", "/promise", knownPeer, strings.Repeat(" ", long), "", 413},
	} {
		s := newStill(t)
		if c.status == http.StatusConflict {
			s.step(promise.Fitness{})
		}
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.RemoteAddr = c.from
		r.Header.Set(wire.HeaderVersion, c.version)
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, r)
		if got := w.Header().Values(wire.HeaderVersion); w.Code != c.status || !slices.Equal(got, []string{"1"}) {
			t.Errorf("%s %s of %s: %d with version %q, want %d with 1", c.method, c.path, c.from, w.Code, got, c.status)
		}
	}
}

func TestARequestOfALaterVersionIsTakenIfItIsUnderstood(t *testing.T) {
	const ask = `{"id":"id-a","number":1,"lifetime_ms":6000}`
	const more = `{"id":"id-a","number":2,"lifetime_ms":6000,"mood":"good"}`
	for _, c := range []struct{ version, body, want string }{
		{"", ask, "200"}, {"0", ask, "200"}, {"1", ask, "200"}, {"2", ask, "200"}, {"65535", ask, "200"},
		{"", more, `400 json: unknown field "mood"`},
		{"2", more, `400 json: unknown field "mood" (it speaks version 2 of the protocol, this server 1)`},
		{"65536", ask, `400 Selfpreserve-Wire "65536": want a version from 0 to 65535`},
		{"one", ask, `400 Selfpreserve-Wire "one": want a version from 0 to 65535`},
	} {
		s := newStill(t)
		before := s.everything()
		got := s.send("POST", "/promise", knownPeer, c.body, wire.HeaderVersion, c.version)
		if changed := s.everything() != before; !strings.HasPrefix(got, c.want) || changed != (c.want == "200") || !changed && got != c.want {
			t.Errorf("version %q: %s, want %s", c.version, got, c.want)
		}
	}
}

func TestARefusalSaysThatThePeerSpeaksAnotherVersion(t *testing.T) {
	for version, want := range map[string]string{
		"":  "it replied with HTTP status 400 (it speaks version 0 of the protocol, this server 1)",
		"1": "it replied with HTTP status 400",
		"2": "it replied with HTTP status 400 (it speaks version 2 of the protocol, this server 1)",
	} {
		address, c := serving(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(wire.HeaderVersion, version)
			w.WriteHeader(http.StatusBadRequest)
		})
		if err := c.release(t.Context(), address, "id-a", 1); err == nil || err.Error() != want {
			t.Errorf("version %q: %v, want %s", version, err, want)
		}
	}
}
