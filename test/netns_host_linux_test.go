package test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// lifetime is that of promises between the hosts of these tests.
const lifetime = 2 * time.Second

// startFleet starts servers on as many hosts, which all have the same Corefile with
// these lines, and waits until each sees all others in service.
func startFleet(t *testing.T, hosts int, lines ...string) *network {
	t.Helper()
	n := newNetwork(t, hosts)
	startAll(t, n, lines...)
	return n
}

func startAll(t *testing.T, n *network, lines ...string) {
	t.Helper()
	for _, h := range n.hosts {
		startHost(t, h, len(n.hosts), lines...)
	}
	for _, h := range n.hosts {
		h.awaitPeers(t, len(n.hosts)-1)
	}
}

// startHost starts a host's server. Unless lines say otherwise its peers are all hosts,
// itself among them, by their IPv4 addresses.
func startHost(t *testing.T, h *host, hosts int, lines ...string) {
	t.Helper()
	dir, own := t.TempDir(), strings.Join(lines, "\n")
	if !strings.Contains(own, "peers static") {
		own += "\npeers static"
		for i := range hosts {
			own += fmt.Sprintf(" 10.8.0.%d", i+1)
		}
	}
	if !strings.Contains(own, "max_hold ") { // longer than any test
		own += "\nmax_hold 10m"
	}
	for name, content := range map[string]string{
		"Corefile": fmt.Sprintf(".:53 {\n errors\n prometheus 127.0.0.1:9153\n selfpreserve {\n promise %s\n interval 500ms\n%s\n }\n file db example.org\n forward upstream.test 127.0.0.1:5300\n}\n", lifetime, own),
		"db":       exampleZone,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.inside(func() { h.member.run(t, dir) }); err != nil {
		t.Fatal(err)
	}
}

// startForwarded is what a host's server forwards upstream.test to: it answers unless it is
// told to fail.
func startForwarded(t *testing.T, h *host) (fail *atomic.Bool) {
	t.Helper()
	var conn net.PacketConn
	var err error
	if failed := h.inside(func() { conn, err = net.ListenPacket("udp", "127.0.0.1:5300") }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	fail = new(atomic.Bool)
	started, ended := make(chan struct{}), make(chan error, 1)
	server := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		if fail.Load() {
			m.Rcode = dns.RcodeServerFailure
		}
		_ = w.WriteMsg(m)
	})}
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return fail
}

func members(hosts []*host) (all []*member) {
	for _, h := range hosts {
		all = append(all, h.member)
	}
	return all
}

func terminate(t *testing.T, hosts []*host) {
	t.Helper()
	for _, h := range hosts {
		h.terminate(t)
	}
}
