package selfpreserve

import (
	"encoding/json"
	"io"
	golog "log"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// FuzzAskBody sends arbitrary bodies to POST and DELETE /promise: nothing panics, and
// what is not a well-formed request of a known peer changes nothing.
func FuzzAskBody(f *testing.F) {
	silently(f)
	for _, body := range []string{
		`{"id":"id-a","number":1,"lifetime_ms":6000,"load_qps":9}`, `{"id":"id-a","number":7,"renew":true,"lifetime_ms":1}`,
		`{"id":"id-a","number":7}`, `{"ID":"id-a","NUMBER":8,"Lifetime_MS":3600000}`, `null`, `{"id":"id-me","number":1e0}`, `{} {}`, "",
	} {
		f.Add(body, true, true)
		f.Add(body, false, true)
		f.Add(body, true, false)
	}
	f.Fuzz(func(t *testing.T, body string, post, known bool) {
		s := newStill(t)
		s.send("POST", "/promise", knownPeer, `{"id":"id-a","number":7,"lifetime_ms":6000}`)
		before := s.everything()
		method, from := "DELETE", "192.0.2.3:7"
		if post {
			method = "POST"
		}
		if known {
			from = knownPeer
		}
		got := s.send(method, "/promise", from, body)
		status := got[:3]
		changed := s.everything() != before
		if changed && (!known || status == "400" || status == "413") || !known && status != "403" || !strings.Contains("200 204 400 403 409 413", status) {
			t.Fatalf("%s, and changed is %v", got, changed)
		}
		if at, ok := s.machine.Wake(); s.view.Load().Given > 0 && (!ok || at <= s.clock || at > s.clock+s.conf.promise) {
			t.Errorf("it promised till %s, and it is %s", at, s.clock)
		}
		if status != "200" {
			return
		}
		var sent wire.Ask
		err := json.Unmarshal([]byte(body), &sent)
		if err == nil {
			_, err = sent.Request()
		}
		if err != nil || !post || sent.ID == s.id {
			t.Errorf("granted %q: %v", body, err)
		}
	})
}

// FuzzControlBody sends arbitrary orders to POST /control: what is not a well-formed order
// changes nothing, and neither does what a stranger, a browser or a proxy sends.
func FuzzControlBody(f *testing.F) {
	silently(f)
	for _, body := range []string{
		stays, `{"action":"leave","reason":"é"}`, `{"action":"resume","reason":"a"}`, `{"ACTION":"stay","Reason":"a\u202e"}`, `{"action":"stay","reason":"a"}{}`, "null", "",
	} {
		f.Add(body, "127.0.0.1:1", "127.0.0.1:8182", "application/json", "X", "")
	}
	f.Add(stays, "192.0.2.2:1", "[::1]", "application/json;a=b", "Accept", "*/*")
	f.Add(stays, "[::1]:1", "localhost", "text/plain", "Origin", "null")
	f.Add(stays, "127.0.0.1:1", "127.0.0.1", "application/json", "via", "1.1 a")
	f.Fuzz(func(t *testing.T, body, from, host, contentType, header, value string) {
		s := newStill(t)
		s.conf.control = true
		before := s.everything()
		r := httptest.NewRequest("POST", "/control", strings.NewReader(body))
		r.RemoteAddr, r.Host = from, host
		r.Header.Set("Content-Type", contentType)
		r.Header.Add(header, value)
		got := s.serve(r)
		status, override := got[:3], s.view.Load().Override
		if !strings.Contains("200 400 403 413 415", status) || status != "200" && s.everything() != before {
			t.Fatalf("%s, and then %+v", got, override)
		}
		if status != "200" {
			return
		}
		var sent wire.Control
		err := json.Unmarshal([]byte(body), &sent)
		if err == nil {
			_, err = sent.Override()
		}
		if at, wrong := netip.ParseAddrPort(from); err != nil || wrong != nil || !at.Addr().Unmap().IsLoopback() || r.Header.Get("Origin") != "" || passedOn(r.Header) != "" {
			t.Errorf("%q of %q with %q is obeyed: %v", body, from, r.Header, err)
		}
		if sent.Action == "resume" && override.Kind != "" || sent.Action != "resume" && (override.Kind == "" || override.Reason != sent.Reason) {
			t.Errorf("%q is taken for %+v", body, override)
		}
	})
}

// silently lets nothing be logged: that would be most of what a fuzzer does.
func silently(f *testing.F) {
	was := golog.Writer()
	golog.SetOutput(io.Discard)
	f.Cleanup(func() { golog.SetOutput(was) })
}

// FuzzReplyBody lets a peer reply with arbitrary bodies: what is taken for a reply is one
// to the request, and grants no more than was asked for.
func FuzzReplyBody(f *testing.F) {
	silently(f)
	for _, body := range []string{
		grant, `{"id":"id-a","number":1,"why":"is not fit"}`, `{"id":"id-a","number":1,"granted":true,"lifetime_ms":6001}`,
		`{"id":"id-a","number":1,"granted":true,"lifetime_ms":1,"capacity_qps":10,"x":{}}`, "null", "[]", "",
	} {
		f.Add(body)
	}
	asked := promise.Request{From: "id-me", Number: 1, Lifetime: 6 * time.Second, Load: 10}
	f.Fuzz(func(t *testing.T, body string) {
		var b wire.Reply
		if wire.Decode(strings.NewReader(body), false, &b) != nil {
			return
		}
		r, err := b.To(asked)
		if err != nil {
			return
		}
		if r.Number != 1 || wire.ValidateID(r.From) != nil || r.Capacity < 0 || r.Capacity > 10 || len(r.Why) > wire.MaxText || !utf8.ValidString(r.Why) ||
			r.Granted && (r.Lifetime <= 0 || r.Lifetime > asked.Lifetime) {
			t.Fatalf("%+v", r)
		}
		s := newStill(t)
		s.step(promise.PeersSeen{Peers: []promise.Peer{{Address: "192.0.2.2:8182"}}, KnownPeers: 1})
		s.step(promise.Fitness{Why: "sick"})
		s.step(promise.Replied{Sent: 1, To: "192.0.2.2:8182", Reply: r})
		if now := s.view.Load(); now.Held > 0 != (now.State == promise.Aside) || now.Held > 0 && (!r.Granted || r.From == s.id) {
			t.Errorf("%+v: %+v", r, now)
		}
		// What it says is written into the log and into /ready, in one line.
		recorder := httptest.NewRecorder()
		s.serveReady(recorder, nil)
		if text := recorder.Body.String(); strings.ContainsAny(text, "\r\n\x00\x1b") {
			t.Errorf("/ready is %q", text)
		}
		s.clock += asked.Lifetime
		if s.step(promise.Tick{}); s.view.Load().Held > 0 {
			t.Errorf("%+v is leant on for longer than was asked for", r)
		}
	})
}
