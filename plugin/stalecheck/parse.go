package stalecheck

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"
	pkgparse "github.com/coredns/coredns/plugin/pkg/parse"
	"github.com/coredns/coredns/plugin/pkg/transport"

	"github.com/holdfastdns/holdfast/plugin/internal/stanza"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
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

	// maxTTL, in seconds, is where RFC 8767 section 4 caps what a cache keeps.
	maxTTL = 7 * 24 * 60 * 60
)

func (p *parser) parseZones(args []string) error {
	if err := stanza.CheckZones(args); err != nil {
		return fmt.Errorf("zone %w", err)
	}
	p.zones = args
	return nil
}

func (p *parser) parseCatalogs(values []string) error {
	if len(values) == 0 {
		return errors.New("has no value: want the names of catalog zones")
	}
	if err := stanza.CheckZones(values); err != nil {
		return err
	}
	for _, value := range values {
		p.catalogs = append(p.catalogs, plugin.Host(value).NormalizeExact()...)
	}
	return nil
}

// parseReferences reads addresses as forward does (plugin/pkg/parse), for plain DNS.
func (p *parser) parseReferences(kind verdict.Source, values []string) error {
	const want = "want IP addresses with or without a port, such as 192.0.2.1 or [2001:db8::1]:5353"
	if len(values) == 0 {
		return fmt.Errorf("has no value: %s", want)
	}
	for _, value := range values {
		addresses, err := pkgparse.HostPortOrFile(value)
		if err != nil {
			return fmt.Errorf("%q is not an address: %s", value, want)
		}
		for _, address := range addresses {
			trans, address := pkgparse.Transport(address)
			if trans != transport.DNS {
				return fmt.Errorf("%q is not plain DNS: %s", value, want)
			}
			_, port, err := net.SplitHostPort(address)
			if n, _ := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
				return fmt.Errorf("%q has port %q: want one from 1 to 65535", value, port)
			}
			if slices.ContainsFunc(p.references, func(r verdict.Reference) bool { return r.Address == address }) {
				return fmt.Errorf("%q is given twice: want each server once, as primary or as peer", address)
			}
			p.references = append(p.references, verdict.Reference{Source: kind, Address: address})
		}
	}
	if len(p.references) > maxReferences {
		return fmt.Errorf("has %q as number %d: want at most %d primaries and peers together", values[len(values)-1], len(p.references), maxReferences)
	}
	// The source stays: primaries come first, whichever line does.
	slices.SortStableFunc(p.references, func(a, b verdict.Reference) int { return int(a.Source - b.Source) })
	p.rules.Sources[kind] = true
	return nil
}

func (p *parser) parseHeartbeat(values []string) error {
	if len(values) != 1 {
		return fmt.Errorf("has %d values, %q: want one domain name", len(values), values)
	}
	p.heartbeat = plugin.Name(values[0]).Normalize()
	if !stanza.IsName(p.heartbeat) {
		return fmt.Errorf("%q is not a domain name: want one such as heartbeat.example.org", values[0])
	}
	p.rules.Sources[verdict.Heartbeat] = true
	return nil
}

func (p *parser) parseSerial(values []string) error {
	formats := map[string]verdict.SerialFormat{"unixtime": verdict.UnixTime, "date": verdict.CalendarDate}
	if len(values) != 1 || formats[values[0]] == verdict.NoFormat {
		return fmt.Errorf("is %q: want unixtime or date", values)
	}
	p.rules.SerialFormat = formats[values[0]]
	p.rules.Sources[verdict.Serial] = true
	return nil
}

// parseTTL reads a number of seconds. 0 is refused: clients would ask again at once.
func parseTTL(value string) (uint32, error) {
	if value == "off" {
		return 0, nil
	}
	return stanza.Seconds(maxTTL)(value)
}

func (p *parser) parseAction(values []string) error {
	configurable := actionNames[:markUnserved]
	if len(values) == 1 {
		if i := slices.Index(configurable, values[0]); i >= 0 {
			p.action = action(i)
			return nil
		}
	}
	return fmt.Errorf("is %q: want one of %s", values, strings.Join(configurable, ", "))
}
