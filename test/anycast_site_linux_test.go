package test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// anycastSite is the example in a namespace that has all its addresses, so that its files
// need not be changed: three servers and their primaries. A router outside hears the routes.
type anycastSite struct {
	netns
	router netns
	dir    string
	bird   string
	all    []*member // the servers; the first has the service's address
}

const anycastFolder = "anycast-secondary/"

func newAnycastSite(t *testing.T) *anycastSite {
	t.Helper()
	ip, bird := tool(t, "ip", "iproute2"), tool(t, "bird", "bird2")
	tool(t, "curl", "curl")
	takeTurn(t)
	binary(t)
	s := &anycastSite{netns: newNamespace(t), router: newNamespace(t), dir: t.TempDir(), bird: bird}
	s.run(t, "link add eth0 type veth peer name eth0 netns "+s.router.path()+`
link set lo up
link set eth0 up
addr add 192.0.2.11/24 dev eth0
addr add 192.0.2.12/24 dev eth0
addr add 192.0.2.13/24 dev eth0
addr add 192.0.2.53/32 dev lo
addr add 198.51.100.1/32 dev lo
addr add 198.51.100.2/32 dev lo
`, ip, "-batch", "-")
	s.router.run(t, "link set eth0 up\naddr add 192.0.2.1/24 dev eth0\n", ip, "-batch", "-")
	return s
}

// daemon starts a program in a namespace.
func (s *anycastSite) daemon(t *testing.T, in netns, program string, args ...string) {
	t.Helper()
	if err := in.inside(func() { startDaemon(t, s.dir, program, args...) }); err != nil {
		t.Fatal(err)
	}
}

// write writes a file into the site's folder. A reader never sees a part of it.
func (s *anycastSite) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// example writes a file of the example as it is.
func (s *anycastSite) example(t *testing.T, name string) {
	t.Helper()
	s.write(t, name, readExample(t, anycastFolder+name))
}

// publish gives the primaries another zone. They tell nobody.
func (s *anycastSite) publish(t *testing.T, serial uint32) {
	t.Helper()
	s.write(t, "db", zoneText(serial, lazy))
	until(t, "the primaries have it", func() bool {
		reply := s.exchange(t, "198.51.100.1:53", query("example.org.", dns.TypeSOA))
		return len(reply.Answer) == 1 && reply.Answer[0].(*dns.SOA).Serial == serial
	})
}

// server starts a server of the example. Its zone grows old in seconds, and it may leave
// sooner than it would.
func (s *anycastSite) server(t *testing.T, number int) {
	t.Helper()
	own := fmt.Sprintf("192.0.2.%d", 10+number)
	pairs := []string{"max_age 60s", "max_age 4s\n        interval 1s", "min_peers 1", "min_peers 1\n        promise 4s\n        interval 1s"}
	if number > 1 {
		// Here the hosts are one: a second one at 192.0.2.53 would share its questions.
		pairs = append(pairs, "bind 192.0.2.53 192.0.2.11", "bind "+own,
			"prometheus 192.0.2.11:", "prometheus "+own+":", "health 192.0.2.11:", "health "+own+":", "selfpreserve 192.0.2.11:", "selfpreserve "+own+":")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Corefile"), []byte(replaced(t, readExample(t, anycastFolder+"Corefile"), pairs...)), 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMember(own+":53", own+":8182", "", s.dial)
	if err := s.inside(func() { m.run(t, dir) }); err != nil {
		t.Fatal(err)
	}
	s.all = append(s.all, m)
}

// startSite starts primaries, servers and the router.
func startSite(t *testing.T) *anycastSite {
	t.Helper()
	s := newAnycastSite(t)
	s.write(t, "db", zoneText(1, lazy))
	s.write(t, "Corefile.primary", "example.org:53 {\n bind 198.51.100.1 198.51.100.2\n file db {\n reload 500ms\n }\n transfer {\n to *\n }\n}\n")
	s.daemon(t, s.netns, binary(t), "-conf", "Corefile.primary")
	for number := range 3 {
		s.server(t, number+1)
	}
	s.write(t, "router.conf", `log stderr all;
router id 192.0.2.1;
protocol device { }
protocol bgp server {
	local 192.0.2.1 as 64511;
	neighbor 192.0.2.11 as 64512;
	connect delay time 1;
	ipv4 { import all; export none; };
}
`)
	s.daemon(t, s.router, s.bird, "-f", "-c", "router.conf", "-s", "router.ctl")
	for _, m := range s.all {
		m.awaitPeers(t, 2)
	}
	return s
}

// announced is whether the router has the route of the service's address.
func (s *anycastSite) announced(t *testing.T) bool {
	t.Helper()
	return strings.Contains(command(t, s.dir, tool(t, "birdc", "bird2"), "-s", "router.ctl", "show", "route"), "\n192.0.2.53/32 ")
}

// ask exchanges a query with an OPT record.
func (s *anycastSite) ask(t *testing.T, m *member) *dns.Msg {
	t.Helper()
	return s.exchange(t, m.dns, withOPT("www.example.org.", dns.TypeA, 1232))
}

// notify tells a server that there is something new.
func (s *anycastSite) notify(t *testing.T, m *member) {
	t.Helper()
	s.exchange(t, m.dns, new(dns.Msg).SetNotify("example.org."))
}

// exchange asks from the primary's address, from which alone NOTIFY is taken.
func (s *anycastSite) exchange(t *testing.T, addr string, query *dns.Msg) (reply *dns.Msg) {
	t.Helper()
	client := dns.Client{Timeout: patience, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP("198.51.100.1")}}}
	var err error
	if failed := s.inside(func() { reply, _, err = client.Exchange(query, addr) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	return reply
}
