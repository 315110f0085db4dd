package selfpreserve

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// ownership tells whether an address is one at which this server itself listens.
type ownership func(netip.AddrPort) roster.Ownership

// ownAddresses are those of a listener: its host if it has one, or all of this machine.
func ownAddresses(listen string) ownership {
	_, port, _ := net.SplitHostPort(listen)
	host := listenIP(listen).WithZone("")
	own := map[netip.Addr]roster.Ownership{}
	addrs, _ := net.InterfaceAddrs() // without them our id tells
	for _, addr := range addrs {
		if network, ok := addr.(*net.IPNet); ok {
			ip, _ := netip.AddrFromSlice(network.IP)
			own[ip.Unmap()] = roster.IsOwn
			if host.IsValid() && !host.IsUnspecified() {
				own[ip.Unmap()] = roster.MayBeOwn
			}
		}
	}
	if host.IsValid() {
		own[host] = roster.IsOwn
	}
	return func(a netip.AddrPort) roster.Ownership {
		if fmt.Sprint(a.Port()) != port {
			return roster.NotOwn
		}
		return own[a.Addr().Unmap().WithZone("")]
	}
}

// listenIP is the IP address in a listener's host:port, or none.
func listenIP(listen string) netip.Addr {
	host, _, _ := net.SplitHostPort(listen)
	ip, _ := netip.ParseAddr(host)
	return ip.Unmap()
}
