package roster

import (
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// KnownPeers is the number of other servers. One of two addresses is one, and so is one of
// which one family does not answer here: once somebody of a name has answered, its
// addresses of two families are taken for those of the same servers.
func (r *Roster) KnownPeers(now time.Duration) int {
	heard, silent := make(map[promise.ID]bool), 0
	names := make(map[Source]*named) // without their types
	for address, p := range r.peers {
		if !p.isKnown(now) {
			continue
		}
		if p.id != "" {
			heard[p.id] = true
		}
		byName := false
		for by := range p.found {
			if by != (Source{}) {
				byName = true
				name := Source{Name: by.Name, Port: by.Port}
				if names[name] == nil {
					names[name] = &named{heard: make(map[promise.ID]bool), of: make(map[uint16]map[string]bool)}
				}
				names[name].add(by.Type, p.id, address.String())
			}
		}
		if p.id == "" && !byName {
			silent++
		}
	}
	for _, n := range names {
		silent += n.silent()
	}
	return len(heard) + silent
}

// named are the servers of one name.
type named struct {
	heard map[promise.ID]bool        // that have answered, over either family
	of    map[uint16]map[string]bool // by family, ids and the addresses of the silent
}

func (n *named) add(family uint16, id promise.ID, address string) {
	if n.of[family] == nil {
		n.of[family] = make(map[string]bool)
	}
	if id != "" {
		n.heard[id] = true
		address = string(id)
	}
	n.of[family][address] = true
}

// silent is how many there are beside those that have answered.
func (n *named) silent() int {
	sum, most := 0, 0
	for _, servers := range n.of {
		sum += len(servers)
		most = max(most, len(servers))
	}
	if len(n.heard) == 0 { // nobody knows which belong together
		return sum
	}
	return max(0, most-len(n.heard))
}
