package test

import (
	"fmt"
	"strings"
	"testing"
)

// network is hosts on one switch, apart from this machine's own network.
type network struct {
	nft   string
	hub   netns // where the switch is; port pN leads to host N
	hosts []*host
}

// host is number N of a network, at 10.8.0.N and fd00:8::N.
type host struct {
	number int
	netns
	*member
}

func newNetwork(t *testing.T, hosts int) *network {
	t.Helper()
	ip, nft := tool(t, "ip", "iproute2"), tool(t, "nft", "nftables")
	takeTurn(t)
	n := &network{nft: nft, hub: newNamespace(t)}
	var hub strings.Builder
	hub.WriteString("link add hub type bridge\nlink set hub up\n")
	for i := range hosts {
		h := &host{number: i + 1, netns: newNamespace(t)}
		h.member = newMember("127.0.0.1:53", "127.0.0.1:8182", "127.0.0.1:9153", h.netns.dial)
		n.hosts = append(n.hosts, h)
		fmt.Fprintf(&hub, "link add p%d type veth peer name eth0 netns %s\nlink set p%[1]d master hub up\n", h.number, h.path())
	}
	n.hub.run(t, hub.String(), ip, "-batch", "-")
	for _, h := range n.hosts {
		h.netns.run(t, fmt.Sprintf("link set lo up\nlink set eth0 up\naddr add 10.8.0.%d/24 dev eth0\naddr add fd00:8::%[1]d/64 dev eth0 nodad\n", h.number), ip, "-batch", "-")
	}
	n.hub.run(t, "table bridge hub {\n set lost { type ifname . ifname; }\n chain f { type filter hook forward priority 0; iifname . oifname @lost drop; }\n}\n", nft, "-f", "-")
	return n
}

// lose drops every packet from these hosts to those, from now on.
func (n *network) lose(t *testing.T, from, to []*host) {
	t.Helper()
	var ways []string
	for _, a := range from {
		for _, b := range to {
			if a != b {
				ways = append(ways, fmt.Sprintf("p%d . p%d", a.number, b.number))
			}
		}
	}
	n.hub.run(t, "add element bridge hub lost { "+strings.Join(ways, ", ")+" }\n", n.nft, "-f", "-")
}

// cut is a partition: nothing passes between these hosts and those.
func (n *network) cut(t *testing.T, these, those []*host) {
	t.Helper()
	n.lose(t, these, those)
	n.lose(t, those, these)
}

func (n *network) heal(t *testing.T) {
	t.Helper()
	n.hub.run(t, "flush set bridge hub lost\n", n.nft, "-f", "-")
}
