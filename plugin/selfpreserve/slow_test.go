package selfpreserve

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// What a client gets that is slow, or says too much, and when.
func TestASlowClientIsNotWaitedForForLong(t *testing.T) {
	const strange = "198.51.100.1:1"
	post := func(length int) string {
		return fmt.Sprintf("POST /promise HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", length)
	}
	for name, c := range map[string]struct {
		config func(*testing.T) *tls.Config
		from   string
		sends  string
		after  time.Duration // of each octet of more
		more   string
		reply  string // its first line, and the body's
		ends   time.Duration
	}{
		"nothing":              {inTheClear, strange, "", 0, "", "", httpTimeout},
		"half of a line":       {inTheClear, strange, "GET /rea", 0, "", "HTTP/1.1 400 Bad Request 400 Bad Request", httpTimeout},
		"slow headers":         {inTheClear, strange, "GET /ready HTTP/1.1\r\nHost: a\r\nX: ", time.Second, strings.Repeat("x", 99), "", httpTimeout},
		"a peer's slow body":   {inTheClear, knownPeer, post(44), time.Second, grant, "HTTP/1.1 408 Request Timeout the body did not arrive within 5s", httpTimeout},
		"half of a body":       {inTheClear, knownPeer, post(44) + "{", 0, "", "HTTP/1.1 408 Request Timeout the body did not arrive within 5s", httpTimeout},
		"a stranger's body":    {inTheClear, strange, post(44), time.Second, grant, "HTTP/1.1 403 Forbidden only known peers may send this", httpTimeout},
		"a long body":          {inTheClear, knownPeer, post(1000000) + strings.Repeat(" ", wire.MaxBody+1), 0, "", "HTTP/1.1 413 Request Entity Too Large body is longer than 4096 octets", 0},
		"long headers":         {inTheClear, strange, "GET /ready HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 2*maxHeaders+100), 0, "", "HTTP/1.1 431 Request Header Fields Too Large 431 Request Header Fields Too Large", 0},
		"a long path":          {inTheClear, strange, "GET /" + strings.Repeat("x", 2*maxHeaders+100), 0, "", "HTTP/1.1 431 Request Header Fields Too Large 431 Request Header Fields Too Large", 0},
		"no more requests":     {inTheClear, strange, "GET /ready HTTP/1.1\r\nHost: a\r\n\r\n", 0, "", "HTTP/1.1 200 OK OK", idle},
		"no handshake":         {func(t *testing.T) *tls.Config { return tlsOf(t, "127.0.0.1") }, strange, "", 0, "", "", httpTimeout},
		"half of a handshake":  {func(t *testing.T) *tls.Config { return tlsOf(t, "127.0.0.1") }, strange, "\x16\x03\x01\x02\x00\x01\x00", 0, "", "", httpTimeout},
		"a handshake by drops": {func(t *testing.T) *tls.Config { return tlsOf(t, "127.0.0.1") }, strange, "\x16\x03\x01\x02\x00\x01\x00", time.Second, strings.Repeat("\x00", 99), "", httpTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			inABubble(t, c.config, func(s *still, p *pipes) {
				before := s.everything()
				conn, begin := p.from(c.from), time.Now()
				var sends sync.WaitGroup
				sends.Go(func() {
					_, _ = io.WriteString(conn, c.sends)
					for i := range len(c.more) {
						time.Sleep(c.after)
						if _, err := io.WriteString(conn, c.more[i:i+1]); err != nil {
							return
						}
					}
				})
				first := make([]byte, 1)
				octets, _ := conn.Read(first)
				told := time.Since(begin)
				rest, _ := io.ReadAll(conn)
				text := append(first[:octets], rest...)
				// net/http waits for half a second for the client to read a last reply.
				if ended := time.Since(begin); ended < c.ends || ended > c.ends+time.Second {
					t.Errorf("it ends after %s, want %s", ended, c.ends)
				}
				if late := strings.HasPrefix(c.reply, "HTTP/1.1 40") && c.from != strange || c.sends == "GET /rea"; octets > 0 && (told > 0) != late {
					t.Errorf("it has its reply after %s", told)
				}
				_ = conn.Close()
				sends.Wait()
				got := ""
				if response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(text))), nil); err == nil {
					body, _ := io.ReadAll(response.Body)
					got = response.Proto + " " + response.Status + " " + strings.TrimSpace(string(body))
				} else if len(text) > 0 && c.reply != "" {
					got = err.Error()
				}
				if got != c.reply {
					t.Errorf("%q, want %q", got, c.reply)
				}
				if after := s.everything(); after != before {
					t.Errorf("it changed\n%s\nto\n%s", before, after)
				}
			})
		})
	}
}

// One that asks, and never reads what it gets, is let go, and others are answered meanwhile.
func TestAClientThatNeverReadsIsLetGo(t *testing.T) {
	inABubble(t, inTheClear, func(s *still, p *pipes) {
		begin := time.Now()
		var deaf []net.Conn
		for i := range 200 {
			conn := p.from(fmt.Sprintf("198.51.100.%d:1", i))
			_, _ = io.WriteString(conn, "GET /status HTTP/1.1\r\nHost: a\r\n\r\n")
			deaf = append(deaf, conn)
		}
		probe := p.from("203.0.113.1:1")
		_, _ = io.WriteString(probe, "GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if text, _ := io.ReadAll(probe); !strings.HasSuffix(string(text), "OK") || time.Since(begin) > time.Second {
			t.Errorf("after %s a probe reads %q", time.Since(begin), text)
		}
		time.Sleep(writeTimeout + time.Second)
		synctest.Wait()
		for _, conn := range deaf {
			if _, err := conn.Write([]byte("x")); err == nil {
				t.Fatalf("after %s one that does not read is still connected", time.Since(begin))
			}
		}
	})
}

// Strangers have all the connections that they may, and peers and probes are answered.
func TestWhileStrangersFillTheDoorPeersAndProbesGetIn(t *testing.T) {
	inABubble(t, inTheClear, func(s *still, p *pipes) {
		kept := p.from(knownPeer) // and has long been quiet
		for i := range 3 * maxOfStrangers {
			_, _ = io.WriteString(p.from(fmt.Sprintf("198.51.%d.%d:1", i/250, i%250)), "GET /ready HTTP/1.1\r\n")
		}
		for _, from := range []string{"198.51.0.1:2", "203.0.113.1:1", "127.0.0.1:1", knownPeer} {
			probe := p.from(from)
			_, _ = io.WriteString(probe, "GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if text, _ := io.ReadAll(probe); !strings.HasSuffix(string(text), "OK") {
				t.Errorf("%s reads %q", from, text)
			}
		}
		body := `{"id":"id-a","number":1,"lifetime_ms":6000}`
		_, _ = fmt.Fprintf(kept, "POST /promise HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		if text, _ := io.ReadAll(kept); !strings.HasPrefix(string(text), "HTTP/1.1 200 OK") || s.view.Load().Given != 1 {
			t.Errorf("a peer that asks for a promise reads %q", text)
		}
	})
}

// A load balancer's connection has had replies, and outlives those that ask nothing.
func TestAConnectionOfAProbeOutlivesThoseThatAskNothing(t *testing.T) {
	inABubble(t, inTheClear, func(s *still, p *pipes) {
		probe := p.from("198.51.100.1:1")
		for range maxOfAddress - 1 {
			p.from("198.51.100.1:2")
		}
		for range 3 {
			_, _ = io.WriteString(probe, "GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
			response, err := http.ReadResponse(bufio.NewReader(probe), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			synctest.Wait()
			for range maxOfAddress / 2 {
				p.from("198.51.100.1:3")
			}
		}
	})
}

func TestTheDoorKnowsPeersByTheirNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurveyor(t, nobody)
		s.a, s.aaaa = "10.0.0.2", "2001:db8::2"
		s.run(s.dependencies)
		time.Sleep(5 * time.Second)
		for ip, want := range map[string]bool{"10.0.0.2": true, "2001:db8::2": true, "10.0.0.3": false} {
			if got := s.comesFromPeer(netip.MustParseAddr(ip)); got != want {
				t.Errorf("%s is a peer: %v", ip, got)
			}
		}
	})
}
