package incidents

import (
	"fmt"
	"os"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// anycast is an anycast fleet: three authoritative servers and their primary on a switch
// with a router, and clients behind the router. Each server announces the same address
// by BGP, for as long as the check beside it passes.
type anycast struct {
	*lab.Network
	servers         []*lab.Host
	primary, router *lab.Host
	clients         lab.Namespace
	speakers        []*lab.Daemon // the ExaBGP beside each server
	generation      int           // of the zone's data
	watch           *lab.Watch    // of Holdfast's fleet
}

const anycastZone = "anycast.example."

// newAnycast starts all of it but who announces the address. The servers have more lines
// in their server block.
func newAnycast(t *testing.T, lines string) *anycast {
	t.Helper()
	lab.Binary(t) // building it may take its time
	n := lab.NewNetwork(t, 5)
	f := &anycast{Network: n, servers: n.Hosts[:3], primary: n.Hosts[3], router: n.Hosts[4], clients: lab.NewNamespace(t)}
	f.connectClients(t)
	f.startPrimary(t)
	f.startBIRD(t)
	for _, h := range f.servers {
		corefile := fmt.Sprintf("%s {\n errors\n nsid %d\n health 127.0.0.1:8080 {\n lameduck 10s\n }\n secondary {\n transfer from 10.8.0.4\n }\n%s}\n", anycastZone, h.Number, lines)
		h.Start(t, map[string]string{"Corefile": corefile})
	}
	f.reaches(t, f.servers...)
	return f
}

// connectClients puts the clients behind the router.
func (f *anycast) connectClients(t *testing.T) {
	t.Helper()
	ip := lab.Tool(t, "ip", "iproute2")
	var err error
	failed := f.router.Inside(func() {
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
	f.router.Namespace.Run(t, fmt.Sprintf("link add clients type veth peer name eth0 netns %s\nlink set clients up\naddr add 10.9.0.1/24 dev clients\n", f.clients.Path()), ip, "-batch", "-")
	f.clients.Run(t, "link set lo up\nlink set eth0 up\naddr add 10.9.0.2/24 dev eth0\nroute add default via 10.9.0.1\n", ip, "-batch", "-")
	for _, h := range f.servers {
		h.Namespace.Run(t, "route add 10.9.0.0/24 via 10.8.0.5\naddr add "+anycastAddr+"/32 dev lo\n", ip, "-batch", "-")
	}
}

// losePrimary is what happened: nothing passes between these servers and their primary.
func (f *anycast) losePrimary(t *testing.T, servers ...*lab.Host) {
	t.Helper()
	f.Cut(t, servers, []*lab.Host{f.primary})
}

// isolate leaves a server nothing but the router, and so its clients.
func (f *anycast) isolate(t *testing.T, server *lab.Host) {
	t.Helper()
	f.Cut(t, []*lab.Host{server}, append(f.but(server), f.primary))
}

// but are the other servers.
func (f *anycast) but(server *lab.Host) (others []*lab.Host) {
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
		h.Member.Terminate(t)
	}
}
