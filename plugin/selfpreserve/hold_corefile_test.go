package selfpreserve

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

func corefileOf(body string) caddy.Input {
	return caddy.CaddyfileInput{Contents: []byte(body), Filepath: "Corefile", ServerTypeName: "dns"}
}

// httpAddress is one on loopback that is free.
func httpAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// block is a server block with these lines.
func block(lines string) string {
	return "example.org:0 {\n bind 127.0.0.1\n whoami\n " + lines + "\n}\n"
}

func selfpreserving(address string, lines ...string) string {
	return block("selfpreserve " + address + " {\n" + strings.Join(lines, "\n") + "\n}")
}

// begin starts a Corefile, or reloads before with it, and waits until its listeners
// answer: CoreDNS cannot stop one that has not begun to.
func begin(t *testing.T, before *caddy.Instance, body string) *caddy.Instance {
	t.Helper()
	var instance *caddy.Instance
	var err error
	if before == nil {
		instance, err = caddy.Start(corefileOf(body))
	} else {
		instance, err = before.Restart(corefileOf(body))
	}
	if err != nil {
		t.Fatal(err)
	}
	await(t, instance)
	return instance
}

// inService waits until all checks of a node have passed.
func inService(t *testing.T, n *node) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for i := 0; n.view.Load().State != promise.Serving; i++ {
		if <-poll.C; i == 2000 {
			t.Fatalf("it is %s", n.view.Load().State)
		}
	}
}

func await(t *testing.T, instance *caddy.Instance) {
	t.Helper()
	for _, server := range instance.Servers() {
		for network, addr := range map[string]net.Addr{"udp": server.LocalAddr(), "tcp": server.Addr()} {
			q := new(dns.Msg)
			q.SetQuestion("example.org.", dns.TypeA)
			if _, _, err := (&dns.Client{Net: network, Timeout: 10 * time.Second}).Exchange(q, addr.String()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// end ends an instance as SIGTERM does, when nobody leans on it.
func end(t *testing.T, instance *caddy.Instance) {
	t.Helper()
	if process.node != nil {
		process.node.step(promise.Released{From: "peer", Number: 1})
	}
	for _, err := range instance.ShutdownCallbacks() {
		t.Error(err)
	}
	if err := instance.Stop(); err != nil {
		t.Error(err)
	}
}

// get returns the body at a path, or "" if nobody listens.
func get(t *testing.T, address, path string) string {
	t.Helper()
	defer http.DefaultClient.CloseIdleConnections()
	response, err := http.Get("http://" + address + path)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// promiseTo lets a node in service give a promise for an hour, as if it had peers.
func promiseTo(t *testing.T, n *node, id promise.ID) {
	t.Helper()
	inService(t, n)
	n.step(promise.Reload{Settings: promise.Settings{HasPeers: true, Lifetime: time.Hour}})
	if r := n.step(promise.Requested{Request: promise.Request{From: id, Number: 1, Lifetime: time.Hour}}); !r.Granted {
		t.Fatal(r.Why)
	}
	n.step(promise.Reload{Settings: n.conf.settings()})
}

func givenNow() int { return process.node.view.Load().Given }
