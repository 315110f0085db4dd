package selfpreserve

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	pkgtls "github.com/coredns/coredns/plugin/pkg/tls"
)

const (
	// maxPeers bounds the peers that a Corefile lists, and what min_peers can ask for. It
	// is what a server can remember to have promised: see package promise.
	maxPeers = 1024

	// maxNames bounds the questions that finding peers costs: two a name.
	maxNames = 16
)

// parseListener reads what stands behind the directive's name.
func (s *stanza) parseListener(args []string) error {
	const want = "want :PORT or ADDRESS:PORT, such as :8182, 192.0.2.1:8182 or [2001:db8::1]:8182"
	for _, arg := range args {
		if _, ok := properties[arg]; ok || strings.ContainsAny(arg, "{}") {
			return fmt.Errorf("address %q is a setting: want the address to listen on here, and settings each on a line of its own between { and }", arg)
		}
	}
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
			return fmt.Errorf("address %q has host %q, which is no IP address: %s", args[0], host, want)
		}
		host = ip.Unmap().String()
	}
	number, err := parsePort(port)
	if err != nil {
		return fmt.Errorf("address %q %w", args[0], err)
	}
	s.address = net.JoinHostPort(host, strconv.Itoa(int(number)))
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

func (s *stanza) parsePeers(args []string) error {
	const want = "want static ADDRESS... or dns NAME..."
	if len(args) == 0 {
		return fmt.Errorf("peers has no value: %s", want)
	}
	add, ok := map[string]func(string) error{"static": s.addStatic, "dns": s.addName}[args[0]]
	if !ok {
		return fmt.Errorf("peers %q is no kind of peers: %s", args[0], want)
	}
	if len(args) == 1 {
		return fmt.Errorf("peers %s has no value: %s", args[0], want)
	}
	for _, arg := range args[1:] {
		if err := add(arg); err != nil {
			return fmt.Errorf("peers %s %q %w", args[0], arg, err)
		}
	}
	s.peers = true
	return nil
}

// addStatic and addName return errors that go on where one about a peer begins.
func (s *stanza) addStatic(arg string) error {
	const want = "want IP addresses with or without a port, such as 192.0.2.1 or [2001:db8::1]:8182"
	host, port := splitPort(arg)
	ip, err := netip.ParseAddr(host)
	if err != nil || strings.ContainsAny(ip.Zone(), "[]") { // nobody could tell where the port begins
		return fmt.Errorf("is no address: %s", want)
	}
	if ip = ip.Unmap(); ip.IsUnspecified() || ip.IsMulticast() {
		return fmt.Errorf("is no address of a single server: %s", want)
	}
	number, err := parsePort(port)
	if err != nil {
		return err
	}
	peer := netip.AddrPortFrom(ip, number)
	if slices.Contains(s.static, peer) {
		return fmt.Errorf("is given twice, as %s: want each peer once", peer)
	}
	if len(s.static) == maxPeers {
		return fmt.Errorf("is number %d: want at most %d static peers", maxPeers+1, maxPeers)
	}
	s.static = append(s.static, peer)
	return nil
}

func (s *stanza) addName(arg string) error {
	const want = "want domain names with or without a port, such as dns.example.org or dns.example.org:8182"
	host, port := splitPort(arg)
	if _, err := netip.ParseAddr(host); err == nil {
		return fmt.Errorf("is an address: %s, or peers static", want)
	}
	// What delimits addresses is in no host's name, and made it unclear where a port begins.
	name, ok := domainName(host)
	if !ok || strings.ContainsAny(name, ":[]") {
		return fmt.Errorf("is no domain name: %s", want)
	}
	number, err := parsePort(port)
	if err != nil {
		return err
	}
	peer := peerName{name: name, port: number}
	if slices.Contains(s.names, peer) {
		return fmt.Errorf("is given twice, as %s:%d: want each name once", name, number)
	}
	if len(s.names) == maxNames {
		return fmt.Errorf("is number %d: want at most %d names", maxNames+1, maxNames)
	}
	s.names = append(s.names, peer)
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

// parseTLS reads the files here, so that one that is wrong stops the start and not the
// first promise. File names are relative to root, as those of the tls plugin.
func (s *stanza) parseTLS(args []string) error {
	const want = "want CERT KEY CA, three PEM files"
	if len(args) != 3 {
		return fmt.Errorf("tls has %d values, %q: %s", len(args), args, want)
	}
	if slices.Contains(args, "") { // pkg/tls takes no CA for all those of the host
		return fmt.Errorf("tls %q has an empty name: %s", args, want)
	}
	files := slices.Clone(args)
	for i, file := range files {
		if !filepath.IsAbs(file) {
			files[i] = filepath.Join(s.root, file)
		}
	}
	config, err := pkgtls.NewTLSConfigFromArgs(files...)
	if err != nil {
		// A CA file without a certificate has no error of its own there.
		problem := strings.TrimSuffix(err.Error(), ": %!s(<nil>)")
		return fmt.Errorf("tls %q does not load: %s: %s", files, problem, want)
	}
	config.ClientCAs = config.RootCAs
	config.ClientAuth = tls.VerifyClientCertIfGiven
	s.tls = config
	return nil
}
