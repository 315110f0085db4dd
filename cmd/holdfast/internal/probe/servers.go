package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/zone"
)

// server is one that is asked.
type server struct {
	name    string // by which it was found, or empty
	address string // IP:port
}

// maxServers bounds what a name, or a label, can make us ask.
const maxServers = 4096

// finder finds the servers anew in each round: names and pods move.
type finder struct {
	resolver *net.Resolver
	port     string
	given    []string // addresses and names; none for the NS set of the zone
	pods     func(context.Context) ([]corev1.Pod, error)
	timeout  time.Duration
}

// find returns the servers, in order. name is the zone, or a name in it.
func (f *finder) find(ctx context.Context, name string) ([]server, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var found []server
	var err error
	switch {
	case f.pods != nil:
		found, err = f.findPods(ctx)
	case len(f.given) > 0:
		found, err = f.resolve(ctx, f.given)
	default:
		found, err = f.findNS(ctx, name)
	}
	if len(found) > maxServers {
		return nil, fmt.Errorf("%d servers: want at most %d", len(found), maxServers)
	}
	return once(found), err
}

// once leaves each address once, with a name if it has one, in the order of names.
func once(found []server) []server {
	slices.SortFunc(found, func(a, b server) int {
		return cmp.Or(strings.Compare(a.address, b.address), strings.Compare(b.name, a.name))
	})
	found = slices.CompactFunc(found, func(a, b server) bool { return a.address == b.address })
	slices.SortStableFunc(found, func(a, b server) int { return strings.Compare(a.name, b.name) })
	return found
}

func (f *finder) findPods(ctx context.Context) ([]server, error) {
	pods, err := f.pods(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking Kubernetes for pods: %w", err)
	}
	var found []server
	for _, pod := range pods {
		for _, ip := range pod.Status.PodIPs {
			found = append(found, server{pod.Name, net.JoinHostPort(ip.IP, f.port)})
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no pod with this label has an address")
	}
	return found, nil
}

// findNS returns the servers of the zone that name is in.
func (f *finder) findNS(ctx context.Context, name string) ([]server, error) {
	for at := name; at != "."; at = zone.Parent(at) {
		records, err := f.resolver.LookupNS(ctx, at)
		if err == nil && len(records) > 0 {
			names := make([]string, len(records))
			for i, ns := range records {
				names[i] = ns.Host
			}
			return f.resolve(ctx, names)
		}
		if notFound, ok := errors.AsType[*net.DNSError](err); !ok || !notFound.IsNotFound {
			return nil, fmt.Errorf("looking for the name servers of %s: %s", at, lookupText(err))
		}
	}
	return nil, fmt.Errorf("%s has no name servers: want SERVERs, or --kubernetes", name)
}

// resolve returns every address of names, each of them with a port or without. A name that
// does not resolve hides the others only if all of them do not.
func (f *finder) resolve(ctx context.Context, names []string) (found []server, err error) {
	for _, given := range names {
		host, port, failed := net.SplitHostPort(given)
		if failed != nil {
			host, port = strings.Trim(given, "[]"), f.port
		}
		if ip, failed := netip.ParseAddr(host); failed == nil {
			found = append(found, server{"", net.JoinHostPort(ip.String(), port)})
			continue
		}
		ips, failed := f.resolver.LookupNetIP(ctx, "ip", host)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("looking for the addresses of %s: %s", host, lookupText(failed)))
			continue
		}
		for _, ip := range ips {
			found = append(found, server{strings.TrimSuffix(host, "."), net.JoinHostPort(ip.Unmap().String(), port)})
		}
	}
	return found, err
}

// resolverAt asks the server at address, IP:port, or the system's if that is empty.
func resolverAt(address string) *net.Resolver {
	if address == "" {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}

// lookupText leaves out the resolver's address, which is the system's whatever we ask.
func lookupText(err error) string {
	if failed, ok := errors.AsType[*net.DNSError](err); ok {
		return failed.Err
	}
	return err.Error()
}
