package lab

import (
	"errors"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Query is a question as resolvers and clients send it.
func Query(name string, qtype uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	return m
}

// QueryWithOPT is a query with an OPT record.
func QueryWithOPT(name string, qtype uint16, size uint16) *dns.Msg {
	m := Query(name, qtype)
	m.SetEdns0(size, false)
	return m
}

// StartDNS runs a DNS server over UDP until the test ends, and returns its address.
func StartDNS(t testing.TB, answer dns.HandlerFunc) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ServeDNS(t, &dns.Server{PacketConn: conn, Handler: answer})
	return conn.LocalAddr().String()
}

// ServeDNS runs a server that has its sockets until it is stopped, or the test ends.
func ServeDNS(t testing.TB, s *dns.Server) (stop func()) {
	t.Helper()
	started, ended := make(chan struct{}), make(chan error, 1)
	s.NotifyStartedFunc = func() { close(started) }
	go func() { ended <- s.ActivateAndServe() }()
	<-started
	stop = sync.OnceFunc(func() {
		if err := errors.Join(s.Shutdown(), <-ended); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// AwaitAnswer asks addr until it answers.
func AwaitAnswer(t testing.TB, addr string, m *dns.Msg) {
	t.Helper()
	client := dns.Client{Timeout: 500 * time.Millisecond}
	Until(t, addr+" answers", func() bool { _, _, err := client.Exchange(m, addr); return err == nil })
}

// Explanations are the Extended DNS Errors of a message (RFC 8914).
func Explanations(m *dns.Msg) (found []*dns.EDNS0_EDE) {
	if opt := m.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if ede, ok := o.(*dns.EDNS0_EDE); ok {
				found = append(found, ede)
			}
		}
	}
	return found
}

// TTLs are the lowest and the highest TTL of a message's answer and authority sections.
// Without any, the lowest is as low as it can be and the highest as high.
func TTLs(m *dns.Msg) (lowest, highest uint32) {
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
