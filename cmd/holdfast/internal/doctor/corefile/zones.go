package corefile

import (
	"slices"
	"strings"

	"github.com/coredns/coredns/plugin"
)

// Zone is one that a plugin is given by name.
type Zone struct {
	Place         // the name as it is written
	Plugin string // to whom

	// Elsewhere is whether something else in the server block has it: its head, or another plugin.
	Elsewhere bool
}

// named are the zones that ttlfloor and stalecheck are given.
func (b block) named() (found []Zone) {
	for _, name := range []string{"ttlfloor", "stalecheck"} {
		for _, d := range b.directives[name] {
			for i, arg := range d.args {
				if i == 0 && name == "ttlfloor" && strings.ContainsAny(arg[:min(1, len(arg))], "+-.0123456789") && !strings.Contains(arg, "/") {
					continue // the floor, or a name that begins like one and has dots
				}
				found = append(found, Zone{Place{arg, d.at.String()}, name, b.has(arg, name)})
			}
		}
	}
	return found
}

// has is whether the block, or a plugin in it other than these, is given that zone.
func (b block) has(zone, besides string) bool {
	zones := plugin.Host(zone).NormalizeExact()
	same := func(other string) bool {
		return slices.ContainsFunc(plugin.Host(other).NormalizeExact(), func(z string) bool { return slices.Contains(zones, z) })
	}
	if slices.ContainsFunc(b.zones(), same) {
		return true
	}
	for name, all := range b.directives {
		for _, d := range all {
			if name != besides && slices.ContainsFunc(d.args, same) {
				return true
			}
		}
	}
	return false
}
