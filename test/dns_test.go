package test

import (
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func query(name string, qtype uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	return m
}

// withOPT is a query with an OPT record.
func withOPT(name string, qtype uint16, size uint16) *dns.Msg {
	m := query(name, qtype)
	m.SetEdns0(size, false)
	return m
}

// startDNS runs a DNS server over UDP until the test ends, and returns its address.
func startDNS(t testing.TB, answer dns.HandlerFunc) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan struct{}), make(chan error, 1)
	server := &dns.Server{PacketConn: conn, Handler: answer, NotifyStartedFunc: func() { close(started) }}
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return conn.LocalAddr().String()
}

// awaitAnswer asks addr until it answers, for at most ten seconds.
func awaitAnswer(t testing.TB, addr string, m *dns.Msg) {
	t.Helper()
	client := dns.Client{Timeout: 500 * time.Millisecond}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(10 * time.Second)
	for {
		_, _, err := client.Exchange(m, addr)
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s does not answer: %v", addr, err)
		case <-poll.C:
		}
	}
}

// explanations are the Extended DNS Errors of a message (RFC 8914).
func explanations(m *dns.Msg) (found []*dns.EDNS0_EDE) {
	if opt := m.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if ede, ok := o.(*dns.EDNS0_EDE); ok {
				found = append(found, ede)
			}
		}
	}
	return found
}

// ttls are the lowest and the highest TTL of a message's answer and authority sections.
// Without any, the lowest is as low as it can be and the highest as high.
func ttls(m *dns.Msg) (lowest, highest uint32) {
	rrs := slices.Concat(m.Answer, m.Ns)
	if len(rrs) == 0 {
		return 0, math.MaxUint32
	}
	lowest = math.MaxUint32
	for _, rr := range rrs {
		lowest, highest = min(lowest, rr.Header().Ttl), max(highest, rr.Header().Ttl)
	}
	return lowest, highest
}
