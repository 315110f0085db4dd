package audience

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// server answers on a loopback port as handler says, and notes the ports that ask.
func server(t *testing.T, handler dns.HandlerFunc) (addr string, ports func() int) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu   sync.Mutex
		seen = make(map[string]bool)
		up   = make(chan struct{})
	)
	s := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(up) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		mu.Lock()
		seen[w.RemoteAddr().String()] = true
		mu.Unlock()
		handler(w, r)
	})}
	go func() { _ = s.ActivateAndServe() }()
	<-up
	t.Cleanup(func() { _ = s.Shutdown() })
	return conn.LocalAddr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(seen)
	}
}

// ask asks until enough questions have reached the server.
func ask(t *testing.T, a Audience, enough int, handler dns.HandlerFunc) (Count, int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var asked int
	var mu sync.Mutex
	addr, ports := server(t, func(w dns.ResponseWriter, r *dns.Msg) {
		mu.Lock()
		if asked++; asked == enough {
			stop()
		}
		mu.Unlock()
		handler(w, r)
	})
	a.Server, a.Rate, a.Names = addr, 500, []string{"one.example.", "two.example."}
	c, err := a.Ask(ctx, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return c, ports()
}

func answer(w dns.ResponseWriter, r *dns.Msg) { _ = w.WriteMsg(new(dns.Msg).SetReply(r)) }

func TestSourcePortsAreNewOrKept(t *testing.T) {
	const enough = 40
	c, ports := ask(t, Audience{Patience: 10 * time.Second}, enough, answer)
	if c.Asked < enough || c.Unanswered > 0 || ports < enough/2 {
		t.Errorf("new ports: %+v from %d ports", c, ports)
	}
	c, ports = ask(t, Audience{Patience: 10 * time.Second, Ports: 4}, enough, answer)
	if c.Asked < enough || c.Unanswered > 0 || ports != 4 {
		t.Errorf("four ports: %+v from %d ports", c, ports)
	}
}

func TestSilenceAndFailureAreToldApart(t *testing.T) {
	for _, ports := range []int{0, 2} {
		c, _ := ask(t, Audience{Patience: 300 * time.Millisecond, Ports: ports}, 20, func(w dns.ResponseWriter, r *dns.Msg) {
			if r.Question[0].Name == "two.example." {
				_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeServerFailure))
			}
		})
		if c.Why["timeout"] != c.Unanswered || c.Unanswered < 8 || c.Rcode["SERVFAIL"] < 8 || c.Rcode["SERVFAIL"]+c.Unanswered != c.Asked {
			t.Errorf("%d ports: %+v", ports, c)
		}
	}
}

func TestStaleAnswersAreCounted(t *testing.T) {
	c, _ := ask(t, Audience{Patience: 10 * time.Second}, 10, func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		m.SetEdns0(1232, false)
		m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeStaleAnswer})
		_ = w.WriteMsg(m)
	})
	if c.Stale != c.Asked || c.Stale < 10 {
		t.Errorf("%+v", c)
	}
}

func TestWhereNobodyListensQuestionsAreRefused(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := conn.LocalAddr().String()
	conn.Close()
	_, _, err = (&dns.Client{Timeout: 10 * time.Second}).Exchange(new(dns.Msg).SetQuestion("example.", dns.TypeA), addr)
	if got := reason(err); got != "refused" {
		t.Errorf("%v is %q, want refused", err, got)
	}
}
