package stanza

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

// CheckZones checks names of zones, which can be networks as in a server block. Its error
// begins with the name: the caller says whose value it is.
func CheckZones(names []string) error {
	for _, name := range names {
		zones := plugin.Host(name).NormalizeExact()
		isNoName := func(zone string) bool { return !IsName(zone) }
		if len(zones) == 0 || slices.ContainsFunc(zones, isNoName) || strings.ContainsAny(name, "{}") {
			return fmt.Errorf("%q is not a zone: want a domain name or a network such as 10.0.0.0/8", name)
		}
	}
	return nil
}

// IsName reports whether a name that CoreDNS has normalized can be asked for. Some letters
// are longer in lower case, so that a label outgrows its 63 octets or the name the 255 of
// RFC 1035 section 2.3.4, and a backslash can escape the dot that CoreDNS adds.
func IsName(normal string) bool {
	_, err := dns.PackDomainName(normal, make([]byte, 255), 0, nil, false)
	return err == nil
}

// Zones returns the zones that a stanza names, or else those of its server block, in
// which they must lie.
func Zones(names, serverBlock []string) (plugin.Zones, error) {
	block := plugin.Zones(plugin.OriginsFromArgsOrServerBlock(nil, serverBlock))
	zones := plugin.OriginsFromArgsOrServerBlock(names, serverBlock)
	for _, zone := range zones {
		if !block.Contains(zone) {
			return nil, fmt.Errorf("zone %q is outside the server block: want names in %s", zone, strings.Join(block, " "))
		}
	}
	return zones, nil
}
