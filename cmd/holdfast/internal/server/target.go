package server

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

const (
	// Port is selfpreserve's, unless the Corefile says another.
	Port = 8182
	// Local is the server of this host, which is asked if no address is given.
	Local = "127.0.0.1"
)

// target is a server as somebody has typed it.
type target struct {
	host string
	port uint16
}

// parse reads ADDRESS or NAME, each with a port or without.
func parse(given string) (target, error) {
	host, port, err := net.SplitHostPort(given)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(given, "["), "]"), strconv.Itoa(Port)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, "/ @?#") || strings.Contains(host, ":") && !isIP(host) {
		return target{}, cli.Usage("address %q: want IP, IP:PORT, NAME or NAME:PORT", given)
	}
	return target{host, uint16(n)}, nil // #nosec G115 -- parsed as 16 bits
}

// zone is what the name of a network interface looks like. netip takes any text for one.
var zone = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

// PeerAddress reads an address that a server names, or says that it is none.
func PeerAddress(named string) (address netip.AddrPort, ok bool) {
	address, err := netip.ParseAddrPort(named)
	if err != nil || !zone.MatchString(address.Addr().Zone()) {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port()), true
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// Resolve returns the addresses of what somebody has typed, with port 8182 unless they have
// typed one. A name has each of its addresses, and the certificate of whoever is there has to
// have the name. What does not resolve is an error only if nothing does; failed tells of it.
func (c *Client) Resolve(ctx context.Context, given []string) (all []netip.AddrPort, failed []error, err error) {
	if len(given) == 0 {
		given = []string{Local}
	}
	targets := make([]target, len(given))
	for i, g := range given {
		if targets[i], err = parse(g); err != nil {
			return nil, nil, err
		}
	}
	for _, t := range targets {
		if ip, err := netip.ParseAddr(t.host); err == nil {
			all = append(all, netip.AddrPortFrom(ip.Unmap(), t.port))
			continue
		}
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", t.host)
		if err != nil {
			failed = append(failed, &Unresolved{t.host, lookUpError(ctx, err)})
			continue
		}
		for _, ip := range ips {
			address := netip.AddrPortFrom(ip.Unmap(), t.port)
			all = append(all, address)
			c.mu.Lock()
			c.names[address.String()] = strings.TrimSuffix(t.host, ".")
			c.mu.Unlock()
		}
	}
	if len(all) == 0 {
		return nil, nil, errors.Join(failed...)
	}
	return all, failed, nil
}

// Unresolved means that the addresses of a name could not be found.
type Unresolved struct {
	Name string
	Why  error
}

func (u *Unresolved) Error() string { return u.Name + ": " + u.Why.Error() }

// Unwrap returns why.
func (u *Unresolved) Unwrap() error { return u.Why }

func lookUpError(ctx context.Context, err error) error {
	of, ok := errors.AsType[*net.DNSError](err)
	switch {
	case ctx.Err() != nil, ok && of.IsTimeout:
		return errors.New("its addresses could not be looked up in time")
	case ok && of.IsNotFound:
		return errors.New("there is no such name")
	}
	return err
}
