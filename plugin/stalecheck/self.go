package stalecheck

import (
	"net"
	"slices"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// leaveOutSelf finds the references that are this server itself, which would always agree
// with itself. listenHosts and port are where the server block listens, and addresses are
// those of this host: a listen host of "" is all of them.
func (s *StaleCheck) leaveOutSelf(listenHosts []string, port string, addresses []net.IP) {
	for i, r := range s.references {
		host, refPort, err := net.SplitHostPort(r.Address)
		ip := net.ParseIP(host)
		if err != nil || ip == nil || refPort != port {
			continue
		}
		for _, listen := range listenHosts {
			bound := net.ParseIP(listen)
			if ip.Equal(bound) || ((bound == nil || bound.IsUnspecified()) && slices.ContainsFunc(addresses, ip.Equal)) {
				s.references[i].Self = true
				log.Infof("%s %s is this server itself, and is not asked", r.Source, r.Address)
				break
			}
		}
	}
	for _, z := range s.zones { // of which nothing has been seen yet
		z.history = verdict.New(s.rules, s.references)
	}
}

// hostAddresses returns the addresses of this host's interfaces.
func hostAddresses() []net.IP {
	var ips []net.IP
	addrs, _ := net.InterfaceAddrs() // without them the server asks itself, and agrees
	for _, addr := range addrs {
		if network, ok := addr.(*net.IPNet); ok {
			ips = append(ips, network.IP)
		}
	}
	return ips
}
