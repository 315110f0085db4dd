package test

import (
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

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

// eventually asks until why has nothing to tell, and fails the test if that takes
// longer than within.
func eventually(t *testing.T, within time.Duration, why func() string) {
	t.Helper()
	begin := time.Now()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		told := why()
		switch took := time.Since(begin); {
		case took > within:
			t.Fatalf("after %s: %s", took, told)
		case told == "":
			t.Logf("after %s", took.Round(time.Millisecond))
			return
		}
		<-poll.C
	}
}

// throughout fails the test if why has anything to tell while d passes.
func throughout(t *testing.T, d time.Duration, why func() string) {
	t.Helper()
	begin := time.Now()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for time.Since(begin) < d {
		if told := why(); told != "" {
			t.Fatalf("after %s: %s", time.Since(begin), told)
		}
		<-poll.C
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

// zoneStatus is what the metric says that a zone is.
func zoneStatus(t *testing.T, zone string) string {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var is []string
	for _, f := range families {
		if f.GetName() != "coredns_stalecheck_zone_status" {
			continue
		}
		for _, m := range f.Metric {
			labels := make(map[string]string)
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["zone"] == zone && m.GetGauge().GetValue() == 1 {
				is = append(is, labels["status"])
			}
		}
	}
	return strings.Join(is, " and ")
}
