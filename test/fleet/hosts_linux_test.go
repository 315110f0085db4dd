package fleet

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// lifetime is that of promises between the hosts of these tests.
const lifetime = 2 * time.Second

// startFleet starts servers on as many hosts, which all have the same Corefile with
// these lines, and waits until each sees all others in service.
func startFleet(t *testing.T, hosts int, lines ...string) *lab.Network {
	t.Helper()
	n := lab.NewNetwork(t, hosts)
	startAll(t, n, lines...)
	return n
}

func startAll(t *testing.T, n *lab.Network, lines ...string) {
	t.Helper()
	for _, h := range n.Hosts {
		startHost(t, h, len(n.Hosts), lines...)
	}
	for _, h := range n.Hosts {
		h.AwaitPeers(t, len(n.Hosts)-1)
	}
}

// startHost starts a host's server. Unless lines say otherwise its peers are all hosts,
// itself among them, by their IPv4 addresses.
func startHost(t *testing.T, h *lab.Host, hosts int, lines ...string) {
	t.Helper()
	own := strings.Join(lines, "\n")
	if !strings.Contains(own, "peers static") {
		own += "\npeers static"
		for i := range hosts {
			own += fmt.Sprintf(" 10.8.0.%d", i+1)
		}
	}
	if !strings.Contains(own, "max_hold ") { // longer than any test
		own += "\nmax_hold 10m"
	}
	h.Start(t, map[string]string{
		"Corefile": fmt.Sprintf(".:53 {\n errors\n prometheus 127.0.0.1:9153\n selfpreserve {\n promise %s\n interval 500ms\n%s\n }\n file db example.org\n forward upstream.test 127.0.0.1:5300\n}\n", lifetime, own),
		"db":       lab.ExampleZone,
	})
}

// startForwarded is what a host's server forwards upstream.test to: it answers unless it is
// told to fail.
func startForwarded(t *testing.T, h *lab.Host) (fail *atomic.Bool) {
	t.Helper()
	var conn net.PacketConn
	var err error
	if failed := h.Inside(func() { conn, err = net.ListenPacket("udp", "127.0.0.1:5300") }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	fail = new(atomic.Bool)
	lab.ServeDNS(t, &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		if fail.Load() {
			m.Rcode = dns.RcodeServerFailure
		}
		_ = w.WriteMsg(m)
	})})
	return fail
}

func members(hosts []*lab.Host) (all []*lab.Member) {
	for _, h := range hosts {
		all = append(all, h.Member)
	}
	return all
}

func terminate(t *testing.T, hosts []*lab.Host) {
	t.Helper()
	for _, h := range hosts {
		h.Terminate(t)
	}
}
