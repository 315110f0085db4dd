package examples

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// anycastSite is the example in a namespace that has all its addresses, so that its files
// need not be changed: three servers and their primaries. A router outside hears the routes.
type anycastSite struct {
	lab.Namespace
	router lab.Namespace
	dir    string
	bird   string
	all    []*lab.Member // the servers; the first has the service's address
}

const anycastFolder = "anycast-secondary/"

func newAnycastSite(t *testing.T) *anycastSite {
	t.Helper()
	ip, bird := lab.Tool(t, "ip", "iproute2"), lab.Tool(t, "bird", "bird2")
	lab.Tool(t, "curl", "curl")
	lab.TakeTurn(t)
	lab.Binary(t)
	s := &anycastSite{Namespace: lab.NewNamespace(t), router: lab.NewNamespace(t), dir: t.TempDir(), bird: bird}
	s.Run(t, "link add eth0 type veth peer name eth0 netns "+s.router.Path()+`
link set lo up
link set eth0 up
addr add 192.0.2.11/24 dev eth0
addr add 192.0.2.12/24 dev eth0
addr add 192.0.2.13/24 dev eth0
addr add 192.0.2.53/32 dev lo
addr add 198.51.100.1/32 dev lo
addr add 198.51.100.2/32 dev lo
`, ip, "-batch", "-")
	s.router.Run(t, "link set eth0 up\naddr add 192.0.2.1/24 dev eth0\n", ip, "-batch", "-")
	return s
}

// write writes a file into the site's folder.
func (s *anycastSite) write(t *testing.T, name, text string) {
	t.Helper()
	lab.Write(t, filepath.Join(s.dir, name), text)
}

// example writes a file of the example as it is.
func (s *anycastSite) example(t *testing.T, name string) {
	t.Helper()
	s.write(t, name, readExample(t, anycastFolder+name))
}

// publish gives the primaries another zone. They tell nobody.
func (s *anycastSite) publish(t *testing.T, serial uint32) {
	t.Helper()
	s.write(t, "db", lab.ZoneText(serial, lab.Lazy))
	lab.Until(t, "the primaries have it", func() bool {
		reply := s.exchange(t, "198.51.100.1:53", lab.Query("example.org.", dns.TypeSOA))
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
	lab.Write(t, filepath.Join(dir, "Corefile"), lab.Replaced(t, readExample(t, anycastFolder+"Corefile"), pairs...))
	m := lab.NewMember(own+":53", own+":8182", "", s.Dial)
	if err := s.Inside(func() { m.Run(t, dir) }); err != nil {
		t.Fatal(err)
	}
	s.all = append(s.all, m)
}

// startSite starts primaries, servers and the router.
func startSite(t *testing.T) *anycastSite {
	t.Helper()
	s := newAnycastSite(t)
	s.write(t, "db", lab.ZoneText(1, lab.Lazy))
	s.write(t, "Corefile.primary", "example.org:53 {\n bind 198.51.100.1 198.51.100.2\n file db {\n reload 500ms\n }\n transfer {\n to *\n }\n}\n")
	s.StartDaemon(t, s.dir, lab.Binary(t), "-conf", "Corefile.primary")
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
	s.router.StartDaemon(t, s.dir, s.bird, "-f", "-c", "router.conf", "-s", "router.ctl")
	for _, m := range s.all {
		m.AwaitPeers(t, 2)
	}
	return s
}

// announced is whether the router has the route of the service's address.
func (s *anycastSite) announced(t *testing.T) bool {
	t.Helper()
	return strings.Contains(lab.Command(t, s.dir, lab.Tool(t, "birdc", "bird2"), "-s", "router.ctl", "show", "route"), "\n192.0.2.53/32 ")
}

// ask exchanges a query with an OPT record.
func (s *anycastSite) ask(t *testing.T, m *lab.Member) *dns.Msg {
	t.Helper()
	return s.exchange(t, m.DNS, lab.QueryWithOPT("www.example.org.", dns.TypeA, 1232))
}

// notify tells a server that there is something new.
func (s *anycastSite) notify(t *testing.T, m *lab.Member) {
	t.Helper()
	s.exchange(t, m.DNS, new(dns.Msg).SetNotify("example.org."))
}

// exchange asks from the primary's address, from which alone NOTIFY is taken.
func (s *anycastSite) exchange(t *testing.T, addr string, query *dns.Msg) (reply *dns.Msg) {
	t.Helper()
	client := dns.Client{Timeout: lab.Patience, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP("198.51.100.1")}}}
	var err error
	if failed := s.Inside(func() { reply, _, err = client.Exchange(query, addr) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	return reply
}
