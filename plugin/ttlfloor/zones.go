package ttlfloor

import (
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// zone is a name whose answers are raised, or one taken out again.
type zone struct {
	name     string
	excepted bool

	counters sync.Map // server address -> *counters
}

// zones are the zones of a stanza by name, lower case and with the final dot.
type zones map[string]*zone

// match returns the zone that qname is in, or nil if it is in none or in one that
// is excepted. The longest name decides. It goes along the name as dnsserver.Server
// does, because plugin.Zones splits both names into new slices for each zone.
func (z zones) match(qname string) *zone {
	found := z["."]
	if len(z) > 1 || found == nil {
		qname = strings.ToLower(qname)
		for off, end := 0, false; !end; off, end = dns.NextLabel(qname, off) {
			if longest, ok := z[qname[off:]]; ok {
				found = longest
				break
			}
		}
	}
	if found == nil || found.excepted {
		return nil
	}
	return found
}
