package stalecheck

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/durations"
	pkgparse "github.com/coredns/coredns/plugin/pkg/parse"
	"github.com/coredns/coredns/plugin/pkg/transport"

	"github.com/miekg/dns"
)

const (
	// maxInFlight bounds the queries of a server block that await an answer. Each
	// reference has an equal share, so that one that is dead cannot delay the others.
	maxInFlight = 64

	// maxReferences leaves at least two queries at once to each.
	maxReferences = 32

	// A shorter interval would ask every primary of a thousand zones a thousand times a
	// second; a longer max_age or interval than any SOA EXPIRE is a typing error.
	minDuration = time.Second
	maxDuration = 8760 * time.Hour

	// maxTTL is where RFC 8767 section 4 caps what a cache keeps.
	maxTTL = 7 * 24 * time.Hour
)

func (s *stanza) parseZones(args []string) error {
	for _, arg := range args {
		if _, ok := properties[arg]; ok || strings.ContainsAny(arg, "{}") {
			return fmt.Errorf("zone %q is a setting: want domain names here, and settings each on a line of its own between { and }", arg)
		}
		if !isZone(arg) {
			return fmt.Errorf("zone %q is no zone: want a domain name or a network such as 10.0.0.0/8", arg)
		}
	}
	s.zones = args
	return nil
}

func isZone(name string) bool {
	zones := plugin.Host(name).NormalizeExact()
	return len(zones) != 0 && !slices.ContainsFunc(zones, func(zone string) bool { return !isName(zone) })
}

// isName looks at what CoreDNS made of a name: in lower case some letters are longer, and
// a label can outgrow its 63 octets, or the name the 255 of RFC 1035 section 2.3.4; the dot
// that it adds can be escaped.
func isName(normal string) bool {
	_, err := dns.PackDomainName(normal, make([]byte, 255), 0, nil, false)
	return err == nil && dns.IsFqdn(normal)
}

// parseReferences reads addresses as forward does (plugin/pkg/parse), for plain DNS.
func (s *stanza) parseReferences(kind source, args []string) error {
	const want = "want IP addresses with or without a port, such as 192.0.2.1 or [2001:db8::1]:5353"
	if len(args) == 0 {
		return fmt.Errorf("%s has no value: %s", kind, want)
	}
	for _, arg := range args {
		addresses, err := pkgparse.HostPortOrFile(arg)
		if err != nil {
			return fmt.Errorf("%s %q is no address: %s", kind, arg, want)
		}
		for _, address := range addresses {
			trans, address := pkgparse.Transport(address)
			if trans != transport.DNS {
				return fmt.Errorf("%s %q is not plain DNS: %s", kind, arg, want)
			}
			_, port, err := net.SplitHostPort(address)
			if n, _ := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
				return fmt.Errorf("%s %q has port %q: want one from 1 to 65535", kind, arg, port)
			}
			if slices.ContainsFunc(s.references, func(r reference) bool { return r.address == address }) {
				return fmt.Errorf("%s %q is given twice: want each server once, as primary or as peer", kind, address)
			}
			s.references = append(s.references, reference{source: kind, address: address})
		}
	}
	if len(s.references) > maxReferences {
		return fmt.Errorf("%s has %q as number %d: want at most %d primaries and peers together", kind, args[len(args)-1], len(s.references), maxReferences)
	}
	// The source stays: primaries come first, whichever line does.
	slices.SortStableFunc(s.references, func(a, b reference) int { return int(a.source - b.source) })
	s.rules.asks[kind] = true
	return nil
}

func (s *stanza) parseHeartbeat(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("heartbeat has %d values, %q: want one domain name", len(args), args)
	}
	s.heartbeat = plugin.Name(args[0]).Normalize()
	if !isName(s.heartbeat) {
		return fmt.Errorf("heartbeat %q is no domain name: want one such as heartbeat.example.org", args[0])
	}
	s.rules.asks[heartbeat] = true
	return nil
}

func (s *stanza) parseSerial(args []string) error {
	formats := map[string]serialFormat{"unixtime": unixTime, "date": calendarDate}
	if len(args) != 1 || formats[args[0]] == noFormat {
		return fmt.Errorf("serial is %q: want unixtime or date", args)
	}
	s.rules.format = formats[args[0]]
	s.rules.asks[serial] = true
	return nil
}

func oneDuration(property string, args []string, d *time.Duration) error {
	const want = "want one duration from 1s to 8760h, such as 60 or 60s"
	if len(args) != 1 {
		return fmt.Errorf("%s has %d values, %q: %s", property, len(args), args, want)
	}
	parsed, err := durations.NewDurationFromArg(args[0])
	if err != nil {
		return fmt.Errorf("%s %q is no duration: %s", property, args[0], want)
	}
	if parsed < minDuration || parsed > maxDuration {
		return fmt.Errorf("%s %q is out of range: %s", property, args[0], want)
	}
	*d = parsed
	return nil
}

// parseTTL reads a number of seconds. 0 is refused: clients would ask again at once.
func (s *stanza) parseTTL(args []string) error {
	const want = "want off, or whole seconds from 1s to 168h"
	if len(args) != 1 {
		return fmt.Errorf("ttl has %d values, %q: %s", len(args), args, want)
	}
	if args[0] == "off" {
		s.ttl = 0
		return nil
	}
	ttl, err := durations.NewDurationFromArg(args[0])
	if err != nil {
		return fmt.Errorf("ttl %q is no duration: %s", args[0], want)
	}
	if ttl < time.Second || ttl > maxTTL || ttl%time.Second != 0 {
		return fmt.Errorf("ttl %q is out of range: %s", args[0], want)
	}
	s.ttl = uint32(ttl / time.Second) // #nosec G115 -- at most maxTTL
	return nil
}

func (s *stanza) parseAction(args []string) error {
	configurable := actionNames[:markUnserved]
	if len(args) == 1 {
		if i := slices.Index(configurable, args[0]); i >= 0 {
			s.action = action(i)
			return nil
		}
	}
	return fmt.Errorf("action is %q: want one of %s", args, strings.Join(configurable, ", "))
}
