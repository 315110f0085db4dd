package selfpreserve

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

func TestAPeerThatStallsCostsPatienceAndNoMore(t *testing.T) {
	stall := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client is gone
			if text != "" {
				_, _ = io.WriteString(w, text)
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}
	}
	for name, handle := range map[string]http.HandlerFunc{"from the start": stall(""), "after the headers": stall(" "), "after the body": stall(grant)} {
		address, c := serving(t, handle)
		if state, why := asks(t, address, c, 50*time.Millisecond); state != promise.Asking || !strings.HasSuffix(why, "no reply in time") {
			t.Errorf("%s: it is %s, %s", name, state, why)
		}
	}
}

// All that is sent may be sent twice, and so is sent again when the peer closes the
// connection that is kept.
func TestAKeptConnectionThatThePeerClosesIsTriedAgain(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			reader := bufio.NewReader(conn)
			if r, err := http.ReadRequest(reader); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				body, status := grant, "200 OK"
				if r.Method == http.MethodDelete {
					body, status = "", "204 No Content"
				}
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
				_, _ = http.ReadRequest(reader) // the next has no answer
			}
			_ = conn.Close()
		}
	}()
	c := newClient(":8182", nil, nil)
	defer c.close()
	for i := range 3 {
		if _, err := c.ask(t.Context(), ln.Addr().String(), promise.Request{From: "id-me", Number: 1, Lifetime: 6 * time.Second}); err != nil {
			t.Errorf("POST %d: %s", i, err)
		}
		if err := c.release(t.Context(), ln.Addr().String(), "id-me", 1); err != nil {
			t.Errorf("DELETE %d: %s", i, err)
		}
	}
}

func TestPeersAreAskedFromTheAddressOfTheListener(t *testing.T) {
	var from string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ = net.SplitHostPort(r.RemoteAddr)
		saying(200, `{"id":"id-a","state":"serving"}`)(w, r)
	}))
	defer server.Close()
	for listen, want := range map[string]string{"127.0.0.2:8182": "127.0.0.2", ":8182": "127.0.0.1", "0.0.0.0:8182": "127.0.0.1", "[::1]:8182": "127.0.0.1", "[::ffff:127.0.0.2]:8182": "127.0.0.2"} {
		c := newClient(listen, nil, nil)
		if it, err := c.hello(t.Context(), server.Listener.Addr().String(), wire.Hello{ID: "id-me"}); err != nil || it.ID != "id-a" || it.State != promise.Serving || from != want {
			t.Errorf("%s: asked from %s, want %s: %+v, %v", listen, from, want, it, err)
		}
		c.close()
	}
}

func TestWhatAPeerSaysOfItselfIsBounded(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":""}`:                    `id "": want 1 to 256 printable ASCII characters`,
		`{"id":"a","state":"dancing"}`: `state "dancing": want one of ["starting" "serving" "asking" "aside" "leaving"]`,
		`{"id":"a","state":7}`:         "cannot unmarshal",
		`{"id":"a","name":"` + strings.Repeat("x", 257) + `"}`:    "name \"xxxxxxxxxxxxxxxxxxxx\", version \"\" or outcome \"\": want at most 256 octets of text",
		`{"id":"a","version":"` + strings.Repeat("x", 257) + `"}`: "version \"xxxxxxxxxxxxxxxxxxxx\" or outcome \"\": want at most 256 octets of text",
	} {
		address, c := serving(t, saying(200, body))
		if _, err := c.hello(t.Context(), address, wire.Hello{ID: "id-me"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", body, err, want)
		}
	}
}
