package selfpreserve

import (
	"encoding/json"
	"io"
	golog "log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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
		if changed && (!known || status == "400") || !known && status != "403" || !strings.Contains("200 204 400 403 409", status) {
			t.Fatalf("%s, and changed is %v", got, changed)
		}
		for _, g := range s.m.given {
			if g.to.valid() != nil || g.number == 0 || g.until <= s.clock || g.until > s.clock+s.conf.promise || g.load != 0 || g.to == s.id {
				t.Errorf("it promised %+v", g)
			}
		}
		var sent askBody
		if status == "200" && (!post || json.Unmarshal([]byte(body), &sent) != nil || sent.Number != s.m.given[len(s.m.given)-1].number && sent.Number != 7) {
			t.Errorf("granted %q", body)
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
	asked := Request{From: "id-me", Number: 1, Lifetime: 6 * time.Second, Load: 10}
	f.Fuzz(func(t *testing.T, body string) {
		var b replyBody
		if decode(strings.NewReader(body), false, &b) != nil {
			return
		}
		r, err := b.reply(asked)
		if err != nil {
			return
		}
		if r.Number != 1 || r.From.valid() != nil || r.Capacity < 0 || r.Capacity > 10 || len(r.Why) > maxText || !utf8.ValidString(r.Why) ||
			r.Granted && (r.Lifetime <= 0 || r.Lifetime > asked.Lifetime) {
			t.Fatalf("%+v", r)
		}
		s := newStill(t)
		s.do(peersSeen{[]Peer{{Address: "192.0.2.2:8182"}}, 1})
		s.do(fitness{why: "sick"})
		s.do(reply{sent: 1, to: "192.0.2.2:8182", Reply: r})
		if held := len(s.m.held) > 0; held != (s.m.state == Aside) || held && (!r.Granted || r.From == s.id || s.m.held[0].until > s.clock+6*time.Second) {
			t.Errorf("%+v: holds %+v, and is %s", r, s.m.held, s.m.state)
		}
		// What it says is written into the log and into /ready, in one line.
		recorder := httptest.NewRecorder()
		s.serveReady(recorder, nil)
		if text := recorder.Body.String(); strings.ContainsAny(text, "\r\n\x00\x1b") {
			t.Errorf("/ready is %q", text)
		}
	})
}
