package selfpreserve

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// serving starts a peer that answers with handle, and returns its address and a client.
func serving(t *testing.T, handle http.HandlerFunc) (string, *client) {
	t.Helper()
	server := httptest.NewServer(handle)
	c := newClient(":8182", nil, nil)
	t.Cleanup(func() { c.close(); server.Close() })
	return server.Listener.Addr().String(), c
}

// saying answers with a status and a body.
func saying(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// raw answers with these octets and closes the connection.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = buffered.WriteString(text)
		_ = buffered.Flush()
		_ = conn.Close()
	}
}

// without end writes until the client has had enough.
func withoutEnd(w io.Writer, text string) {
	for range 1 << 20 {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

// asks lets a sick server ask the peer at address for the promise number 1 of 6 s, and
// returns the state that it is in then, and for how long it leans on the peer or why not.
func asks(t *testing.T, address string, c *client, patience time.Duration) (promise.State, string) {
	t.Helper()
	s := newStill(t)
	s.client = c
	s.step(promise.PeersSeen{Peers: []promise.Peer{{Address: address}}, KnownPeers: 1})
	s.step(promise.LoadSeen{QPS: 10})
	s.step(promise.Fitness{Why: "sick"})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.sendAsk(ctx, promise.Ask{To: address, Sent: 1, Request: promise.Request{From: "id-me", Number: 1, Lifetime: 6 * time.Second, Load: 10}})
	now := s.view.Load()
	if now.State != promise.Aside {
		if now.FailedRounds != 1 {
			t.Errorf("it still waits, or has asked again: %+v", now)
		}
		_, why, _ := strings.Cut(now.Why, "; "+address)
		return now.State, why
	}
	begin := s.clock
	for s.view.Load().State == promise.Aside {
		s.clock += time.Millisecond
		s.step(promise.Tick{})
	}
	return now.State, fmt.Sprintf("till %s", s.clock-begin)
}

const grant = `{"id":"id-a","number":1,"granted":true,"lifetime_ms":6000}`

func TestAPromiseIsHeldThatAPeerHasGiven(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"as this version": saying(200, grant),
		"a later version": saying(200, `{"id":"id-a","number":1,"granted":true,"lifetime_ms":6000,"mood":"good","more":{"x":[1]}}`),
		"HTTP/1.0":        raw("HTTP/1.0 200 OK\r\n\r\n" + grant),
		"chunks":          raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(grant), grant)),
	} {
		address, c := serving(t, handle)
		if state, held := asks(t, address, c, 5*time.Second); state != promise.Aside || held != "till 5.625s" {
			t.Errorf("%s: it is %s, and holds %s", name, state, held)
		}
	}
}

func TestNothingIsHeldOfAPeerThatLies(t *testing.T) {
	elsewhere, _ := serving(t, saying(200, grant))
	says := func(body string) http.HandlerFunc { return saying(200, body) }
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		want   string // why, in the log
	}{
		"refusal":  {saying(409, `{"id":"id-a","number":1,"why":"is not fit"}`), " is not fit"},
		"stranger": {saying(403, ""), ": it does not know this server as a peer"},
		"500":      {saying(500, grant), ": it replied with HTTP status 500"},
		"201":      {saying(201, grant), ": it replied with HTTP status 201"},
		"204":      {saying(204, ""), ": it replied with HTTP status 204"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+elsewhere+"/promise", http.StatusTemporaryRedirect)
		}, ": it replied with HTTP status 307"},
		"wrong number":     {says(`{"id":"id-a","number":2,"granted":true,"lifetime_ms":6000}`), ": number 2: want that of the request, 1"},
		"no number":        {says(`{"id":"id-a","granted":true,"lifetime_ms":6000}`), ": number 0: want that of the request, 1"},
		"no lifetime":      {says(`{"id":"id-a","number":1,"granted":true}`), ": lifetime_ms 0: want 1 to what was asked for, 6000"},
		"negative":         {says(`{"id":"id-a","number":1,"granted":true,"lifetime_ms":-1}`), ": lifetime_ms -1: want 1 to"},
		"too long":         {says(`{"id":"id-a","number":1,"granted":true,"lifetime_ms":6001}`), ": lifetime_ms 6001: want 1 to"},
		"capacity":         {says(`{"id":"id-a","number":1,"granted":true,"lifetime_ms":6000,"capacity_qps":11}`), ": capacity_qps 11: want 0 to the load of the request, 10"},
		"less than none":   {says(`{"id":"id-a","number":1,"granted":true,"lifetime_ms":6000,"capacity_qps":-1}`), ": capacity_qps -1: want 0 to"},
		"no id":            {says(`{"number":1,"granted":true,"lifetime_ms":6000}`), `: id "": want 1 to 256 printable`},
		"an id of control": {says(`{"id":"\u0000","number":1,"granted":true,"lifetime_ms":6000}`), `: id "\x00": want 1 to 256 printable`},
		"our id":           {says(`{"id":"id-me","number":1,"granted":true,"lifetime_ms":6000}`), ""},
		"a line of log":    {saying(409, `{"id":"id-a","number":1,"why":"\n[ERROR]"}`), `: why is "\n[ERROR]": want at most 256 octets and no control characters`},
		"a long why":       {saying(409, `{"id":"id-a","number":1,"why":"`+strings.Repeat("x", 257)+`"}`), `: why is "xxxxxxxxxxxxxxxxxxxx": want`},
		"garbage":          {says("\x00\xff"), ": its reply is unusable: invalid character '\\x00' looking for beginning of value"},
		"nothing":          {says(""), ": its reply is unusable: EOF"},
		"null":             {says("null"), `: id "": want`},
		"array":            {says("[]"), ": its reply is unusable: json: cannot unmarshal array"},
		"two":              {says(grant + grant), ": its reply is unusable: unexpected text after the JSON value"},
		"closes":           {raw(""), ": EOF"},
		"not HTTP":         {raw("SSH-2.0-OpenSSH_9.9\r\n"), ": "},
		"half a reply":     {raw("HTTP/1.1 200 OK\r\nContent-Length: 58\r\n\r\n" + grant[:20]), ": its reply is unusable: unexpected EOF"},
		"1 GB":             {func(w http.ResponseWriter, _ *http.Request) { withoutEnd(w, strings.Repeat(" ", 1024)) }, ": its reply is unusable: body is longer than 4096 octets"},
		"1 GB of headers":  {raw("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 100)+"\r\n", 100) + "\r\n" + grant), ": net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 4096 bytes"},
	} {
		address, client := serving(t, c.handle)
		if state, why := asks(t, address, client, 5*time.Second); state != promise.Asking || !strings.HasPrefix(why, c.want) {
			t.Errorf("%s: it is %s, %q, want %q", name, state, why, c.want)
		}
	}
}
