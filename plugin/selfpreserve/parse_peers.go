package selfpreserve

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

const (
	// maxPeers bounds the peers that a Corefile lists, and what min_peers can ask for. It
	// is what a server can remember to have promised: see package promise.
	maxPeers = 1024

	// maxNames bounds the questions that finding peers costs: two a name.
	maxNames = 16
)

// parseListener reads what stands behind the directive's name.
func (p *parser) parseListener(args []string) error {
	const want = "want :PORT or ADDRESS:PORT, such as :8182, 192.0.2.1:8182 or [2001:db8::1]:8182"
	if len(args) == 0 {
		return nil
	}
	if len(args) > 1 {
		return fmt.Errorf("%d addresses, %q, to listen on: want one at most, such as :8182", len(args), args)
	}
	host, port, err := net.SplitHostPort(args[0])
	if err != nil {
		return fmt.Errorf("address %q has no port: %s", args[0], want)
	}
	if host != "" {
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return fmt.Errorf("address %q has host %q, which is not an IP address: %s", args[0], host, want)
		}
		host = ip.Unmap().String()
	}
	number, err := parsePort(port)
	if err != nil {
		return fmt.Errorf("address %q %w", args[0], err)
	}
	p.address = net.JoinHostPort(host, strconv.Itoa(int(number)))
	return nil
}

// parsePort returns an error that goes on where one about an address begins.
func parsePort(port string) (uint16, error) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("has port %q: want one from 1 to 65535", port)
	}
	return uint16(n), nil // #nosec G115 -- parsed as 16 bits
}

func (p *parser) parsePeers(values []string) error {
	const want = "want static ADDRESS... or dns NAME..."
	if len(values) == 0 {
		return fmt.Errorf("has no value: %s", want)
	}
	kind, values := values[0], values[1:]
	add, ok := map[string]func(string) error{"static": p.addStatic, "dns": p.addName}[kind]
	if !ok {
		return fmt.Errorf("%q is not a kind of peers: %s", kind, want)
	}
	if len(values) == 0 {
		return fmt.Errorf("%s has no value: %s", kind, want)
	}
	for _, value := range values {
		if err := add(value); err != nil {
			return fmt.Errorf("%s %q %w", kind, value, err)
		}
	}
	p.peers = true
	return nil
}

// addStatic and addName return errors that go on where one about a peer begins.
func (p *parser) addStatic(arg string) error {
	const want = "want IP addresses with or without a port, such as 192.0.2.1 or [2001:db8::1]:8182"
	host, port := splitPort(arg)
	ip, err := netip.ParseAddr(host)
	if err != nil || strings.ContainsAny(ip.Zone(), "[]") { // nobody could tell where the port begins
		return fmt.Errorf("is not an address: %s", want)
	}
	if ip = ip.Unmap(); ip.IsUnspecified() || ip.IsMulticast() {
		return fmt.Errorf("is not the address of a single server: %s", want)
	}
	number, err := parsePort(port)
	if err != nil {
		return err
	}
	peer := netip.AddrPortFrom(ip, number)
	if slices.Contains(p.static, peer) {
		return fmt.Errorf("is given twice, as %s: want each peer once", peer)
	}
	if len(p.static) == maxPeers {
		return fmt.Errorf("is number %d: want at most %d static peers", maxPeers+1, maxPeers)
	}
	p.static = append(p.static, peer)
	return nil
}

func (p *parser) addName(arg string) error {
	const want = "want domain names with or without a port, such as dns.example.org or dns.example.org:8182"
	host, port := splitPort(arg)
	if _, err := netip.ParseAddr(host); err == nil {
		return fmt.Errorf("is an address: %s, or peers static", want)
	}
	// What delimits addresses is in no host's name, and made it unclear where a port begins.
	name, ok := domainName(host)
	if !ok || strings.ContainsAny(name, ":[]") {
		return fmt.Errorf("is not a domain name: %s", want)
	}
	number, err := parsePort(port)
	if err != nil {
		return err
	}
	peer := peerName{name: name, port: number}
	if slices.Contains(p.names, peer) {
		return fmt.Errorf("is given twice, as %s:%d: want each name once", name, number)
	}
	if len(p.names) == maxNames {
		return fmt.Errorf("is number %d: want at most %d names", maxNames+1, maxNames)
	}
	p.names = append(p.names, peer)
	return nil
}

// splitPort returns the default port if peer has none.
func splitPort(peer string) (host, port string) {
	if host, port, err := net.SplitHostPort(peer); err == nil {
		return host, port
	}
	if inner, ok := strings.CutPrefix(peer, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			peer = inner
		}
	}
	return peer, strconv.Itoa(defaultPort)
}

// domainName returns name in lower case, fully qualified, and with everything but ASCII
// escaped: what goes over the wire and back cannot fail when it is asked for. It is
// stricter than dns.IsDomainName, which lets 257 octets and a backslash at the end pass.
func domainName(name string) (string, bool) {
	var wire [512]byte // unpacking holds to the 255 of RFC 1035 section 2.3.4
	if name == "" {
		return "", false
	}
	end, err := dns.PackDomainName(dns.Fqdn(name), wire[:], 0, nil, false)
	if err != nil {
		return "", false
	}
	name, _, err = dns.UnpackDomainName(wire[:end], 0)
	return strings.ToLower(name), err == nil
}
