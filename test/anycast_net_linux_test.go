package test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// anycast is an anycast fleet: three authoritative servers and their primary on a switch
// with a router, and clients behind the router. Each server announces the same address
// by BGP, for as long as the check beside it passes.
type anycast struct {
	*network
	servers         []*host
	primary, router *host
	clients         netns
	speakers        []*daemon // the ExaBGP beside each server
	generation      int       // of the zone's data
}

const anycastZone = "anycast.example."

// newAnycast starts all of it but who announces the address. The servers have more lines
// in their server block.
func newAnycast(t *testing.T, lines string) *anycast {
	t.Helper()
	binary(t) // building it may take its time
	n := newNetwork(t, 5)
	f := &anycast{network: n, servers: n.hosts[:3], primary: n.hosts[3], router: n.hosts[4], clients: newNamespace(t)}
	f.connectClients(t)
	f.startPrimary(t)
	f.startBIRD(t)
	for _, h := range f.servers {
		dir := t.TempDir()
		corefile := fmt.Sprintf("%s {\n errors\n nsid %d\n health 127.0.0.1:8080 {\n lameduck 10s\n }\n secondary {\n transfer from 10.8.0.4\n }\n%s}\n", anycastZone, h.number, lines)
		if err := os.WriteFile(filepath.Join(dir, "Corefile"), []byte(corefile), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.inside(func() { h.member.run(t, dir) }); err != nil {
			t.Fatal(err)
		}
	}
	f.reaches(t, f.servers...)
	return f
}

// connectClients puts the clients behind the router.
func (f *anycast) connectClients(t *testing.T) {
	t.Helper()
	ip := tool(t, "ip", "iproute2")
	var err error
	failed := f.router.inside(func() {
		for _, setting := range []string{
			"ip_forward",
			"fib_multipath_hash_policy", // ports count too: else each client has one server
		} {
			if err == nil {
				err = os.WriteFile("/proc/sys/net/ipv4/"+setting, []byte("1"), 0)
			}
		}
	})
	if failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	f.router.netns.run(t, fmt.Sprintf("link add clients type veth peer name eth0 netns %s\nlink set clients up\naddr add 10.9.0.1/24 dev clients\n", f.clients.path()), ip, "-batch", "-")
	f.clients.run(t, "link set lo up\nlink set eth0 up\naddr add 10.9.0.2/24 dev eth0\nroute add default via 10.9.0.1\n", ip, "-batch", "-")
	for _, h := range f.servers {
		h.netns.run(t, "route add 10.9.0.0/24 via 10.8.0.5\naddr add "+anycastAddr+"/32 dev lo\n", ip, "-batch", "-")
	}
}

// losePrimary is what happened: nothing passes between these servers and their primary.
func (f *anycast) losePrimary(t *testing.T, servers ...*host) {
	t.Helper()
	f.cut(t, servers, []*host{f.primary})
}

// isolate leaves a server nothing but the router, and so its clients.
func (f *anycast) isolate(t *testing.T, server *host) {
	t.Helper()
	f.cut(t, []*host{server}, append(f.but(server), f.primary))
}

// but are the other servers.
func (f *anycast) but(server *host) (others []*host) {
	for _, h := range f.servers {
		if h != server {
			others = append(others, h)
		}
	}
	return others
}

// terminate sends SIGTERM to all servers, as much at one instant as can be.
func (f *anycast) terminate(t *testing.T) {
	t.Helper()
	for _, h := range f.servers {
		h.member.terminate(t)
	}
}
