package lab

import (
	"fmt"
	"strings"
	"testing"
)

// Network is hosts on one switch, apart from this machine's own network.
type Network struct {
	NFT   string
	Hub   Namespace // where the switch is; port pN leads to host N
	Hosts []*Host
}

// Host is number N of a network, at 10.8.0.N and fd00:8::N.
type Host struct {
	Number int
	Namespace
	*Member
}

// NewNetwork makes a network of hosts on which nothing runs yet.
func NewNetwork(t *testing.T, hosts int) *Network {
	t.Helper()
	ip, nft := Tool(t, "ip", "iproute2"), Tool(t, "nft", "nftables")
	TakeTurn(t)
	n := &Network{NFT: nft, Hub: NewNamespace(t)}
	var hub strings.Builder
	hub.WriteString("link add hub type bridge\nlink set hub up\n")
	for i := range hosts {
		h := &Host{Number: i + 1, Namespace: NewNamespace(t)}
		h.Member = NewMember("127.0.0.1:53", "127.0.0.1:8182", "127.0.0.1:9153", h.Namespace.Dial)
		n.Hosts = append(n.Hosts, h)
		fmt.Fprintf(&hub, "link add p%d type veth peer name eth0 netns %s\nlink set p%[1]d master hub up\n", h.Number, h.Path())
	}
	n.Hub.Run(t, hub.String(), ip, "-batch", "-")
	for _, h := range n.Hosts {
		h.Namespace.Run(t, fmt.Sprintf("link set lo up\nlink set eth0 up\naddr add 10.8.0.%d/24 dev eth0\naddr add fd00:8::%[1]d/64 dev eth0 nodad\n", h.Number), ip, "-batch", "-")
	}
	n.Hub.Run(t, "table bridge hub {\n set lost { type ifname . ifname; }\n chain f { type filter hook forward priority 0; iifname . oifname @lost drop; }\n}\n", nft, "-f", "-")
	return n
}

// Lose drops every packet from these hosts to those, from now on.
func (n *Network) Lose(t *testing.T, from, to []*Host) {
	t.Helper()
	var ways []string
	for _, a := range from {
		for _, b := range to {
			if a != b {
				ways = append(ways, fmt.Sprintf("p%d . p%d", a.Number, b.Number))
			}
		}
	}
	n.Hub.Run(t, "add element bridge hub lost { "+strings.Join(ways, ", ")+" }\n", n.NFT, "-f", "-")
}

// Cut is a partition: nothing passes between these hosts and those.
func (n *Network) Cut(t *testing.T, these, those []*Host) {
	t.Helper()
	n.Lose(t, these, those)
	n.Lose(t, those, these)
}

// Heal lets everything pass again.
func (n *Network) Heal(t *testing.T) {
	t.Helper()
	n.Hub.Run(t, "flush set bridge hub lost\n", n.NFT, "-f", "-")
}

// Start starts the host's server with a Corefile and other files.
func (h *Host) Start(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	WriteAll(t, dir, files)
	if err := h.Inside(func() { h.Member.Run(t, dir) }); err != nil {
		t.Fatal(err)
	}
}
