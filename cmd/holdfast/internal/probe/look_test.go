package probe

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
	"github.com/holdfastdns/holdfast/test/lab"
)

// A server cannot keep a probe longer than its timeouts, nor make it read without end.
func TestWhateverAServerSendsOverTCPTheProbeEnds(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(net.Conn) error{
		"nothing": func(net.Conn) error { return nil },
		"a length, and nothing behind it": func(c net.Conn) error {
			_, err := c.Write([]byte{0xff, 0xff})
			<-t.Context().Done()
			return err
		},
		"bytes without end": func(c net.Conn) (err error) {
			for junk := make([]byte, 1<<16); err == nil; {
				_, err = c.Write(junk)
			}
			return err
		},
		"a byte now and then": func(c net.Conn) (err error) {
			drip := time.NewTicker(10 * time.Millisecond)
			defer drip.Stop()
			for err == nil {
				_, err = c.Write([]byte{0xff})
				<-drip.C
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					go func() { _ = send(conn); _ = conn.Close() }()
				}
			}()
			const timeout = 300 * time.Millisecond
			a := asker{zone: "example.org.", records: []string{"heartbeat.example.org."}, timeout: timeout, now: time.Now}
			begin := time.Now()
			l := a.look(context.Background(), row{server{address: listener.Addr().String()}, "tcp"})
			if l.failure == "" || l.beats[0].reason != verdict.NoAnswer {
				t.Errorf("it looks fine: %+v", l)
			}
			if took := time.Since(begin); took > 10*timeout { // four questions at most, on a machine that stalls
				t.Errorf("it takes %s", took)
			}
		})
	}
}

// The DNS client has a timeout of its own, 2 s, and --timeout may be longer.
func TestATimeoutThatIsLongerThanTheClientsIsWaitedFor(t *testing.T) {
	t.Parallel()
	addr := lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		late := time.NewTimer(2500 * time.Millisecond)
		defer late.Stop()
		<-late.C
		_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeRefused))
	})
	a := asker{zone: "example.org.", timeout: time.Minute, now: time.Now}
	if l := a.look(context.Background(), row{server{address: addr}, "udp"}); l.failure != verdict.Refused || l.lost != 0 {
		t.Errorf("%+v", l)
	}
}

// Nobody at a port is an answer that did not come.
func TestWhoeverIsNotThereLosesEachQuery(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	a := asker{zone: "example.org.", timeout: 10 * time.Second, now: time.Now}
	for transport, queries := range map[string]int{"udp": 2, "tcp": 1} {
		if l := a.look(context.Background(), row{server{address: addr}, transport}); l.failure != verdict.Unreachable || l.sent != queries || l.lost != queries {
			t.Errorf("over %s: %+v", transport, l)
		}
	}
}
