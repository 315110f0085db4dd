package corefile

import (
	"fmt"
	"strings"

	"github.com/coredns/coredns/plugin"
)

// answering is the server block that answers name when the block asked asks its own
// listener: of those at its port the one with the longest zone.
func (c *Config) answering(asked block, name string) block {
	port, _ := asked.port()
	found, longest := asked, ""
	for _, b := range c.blocks {
		if p, ok := b.port(); !ok || p != port {
			continue
		}
		if zone := b.zones().Matches(name); len(zone) > len(longest) {
			found, longest = b, zone
		}
	}
	return found
}

// Cached returns how an answer to a canary would come out of a cache, such as "by cache at
// Corefile:12, which does not have: disable denial", or nothing if each is asked anew.
func (k Canary) Cached() string {
	for _, d := range k.block.directives["cache"] {
		if !d.cachedZones(k.block).Contains(k.Name) {
			continue
		}
		var missing []string
		for _, kind := range []string{"success", "denial"} {
			if !d.disabled(kind).Contains(k.Name) {
				missing = append(missing, "disable "+kind)
			}
		}
		if len(missing) > 0 {
			return fmt.Sprintf("cache at %s:%d has no %s for it", d.at.file, d.at.line, strings.Join(missing, " and no "))
		}
	}
	return ""
}

// cachedZones are what stands behind cache, without a TTL, or else the block's.
func (d directive) cachedZones(b block) plugin.Zones {
	zones := d.args
	if len(zones) > 0 && strings.Trim(zones[0], "0123456789") == "" {
		zones = zones[1:]
	}
	return plugin.OriginsFromArgsOrServerBlock(zones, b.keys)
}

// disabled are the zones whose answers of a kind are not kept. The last line counts.
func (d directive) disabled(kind string) plugin.Zones {
	var zones plugin.Zones
	for _, p := range d.properties {
		if p.name != "disable" || len(p.values) == 0 || p.values[0] != kind {
			continue
		}
		zones = plugin.Zones{"."}
		if len(p.values) > 1 {
			zones = append(plugin.Zones(nil), p.values[1:]...)
			zones.Normalize()
		}
	}
	return zones
}
