package ttlfloor

import (
	"strings"
	"sync/atomic"
)

// zone is a name whose answers are raised, or one taken out again.
type zone struct {
	name     string // lower case and with the final dot
	excepted bool

	counters atomic.Pointer[counters] // of all servers that have counted
}

// zones are the zones of a stanza, longer names first.
type zones []*zone

// match returns the zone that qname is in, or nil if it is in none or in one that is
// excepted. The longest name decides. plugin.Zones would split both names into new
// slices for each comparison, at a cost above that of raising a reply.
func (z zones) match(qname string) *zone {
	for _, zone := range z {
		if !isIn(qname, zone.name) {
			continue
		}
		if zone.excepted {
			return nil
		}
		return zone
	}
	return nil
}

// isIn reports whether name is top or below it. Both are fully qualified.
func isIn(name, top string) bool {
	at := len(name) - len(top)
	if at < 0 || (name[at:] != top && !strings.EqualFold(name[at:], top)) {
		return false
	}
	if at == 0 || top == "." {
		return true
	}
	label := name[:at]
	if label[at-1] != '.' {
		return false
	}
	// A dot behind an odd number of backslashes belongs to the label.
	backslashes := at - 1 - len(strings.TrimRight(label[:at-1], `\`))
	return backslashes%2 == 0
}
