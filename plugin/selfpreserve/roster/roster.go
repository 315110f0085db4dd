// Package roster knows who else is there: which addresses are peers, which process answers
// at each, how it is, and how many servers that makes.
//
// It decides from what it is told: the addresses that the Corefile or a name gives, what
// peers answer when they are polled, and what they say of themselves. It has no socket and
// no clock, and chance is handed in. It is not safe for use from several goroutines.
//
// Where to look: roster.go has who is found, forgotten and counted, peer.go what is known of
// one of them, choose.go whom to poll and whom to ask next.
package roster

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// remembered is how long a peer that is not found any more counts as known, so that a
// sudden loss does not lower the bar of a percentage.
const remembered = 10 * time.Minute

// MaxNamed is how many addresses of peers are kept from names. It is what a server can remember
// to have promised: see package promise.
const MaxNamed = 1024

// Roster is the list of the other servers, and what is known of each.
type Roster struct {
	own     promise.ID
	peers   map[netip.AddrPort]*peer
	leftOut map[Source]int // addresses beyond MaxNamed
}

// New makes the roster of the process with that id.
func New(own promise.ID) *Roster {
	return &Roster{own: own, peers: make(map[netip.AddrPort]*peer), leftOut: make(map[Source]int)}
}

// Source is what finds peers: a name, by the type of its addresses, or the list in the
// Corefile, which is the zero Source.
type Source struct {
	Name string // fully qualified
	Port uint16 // that its addresses have
	Type uint16 // A or AAAA
}

// Ownership says whether this server itself listens at an address.
type Ownership int

// MayBeOwn marks an address of this host, at our port, where another server may be listening.
const (
	NotOwn Ownership = iota
	MayBeOwn
	IsOwn
)

// Find sets the addresses that a source has found, in place of those it found before. Own
// addresses, of either family, are left out before anything is counted or cut. Of names' at
// most MaxNamed are kept, the lowest of each, so that servers agree on them.
func (r *Roster) Find(now time.Duration, by Source, addresses []netip.AddrPort, ownership func(netip.AddrPort) Ownership) {
	room := MaxNamed
	for _, p := range r.peers {
		delete(p.found, by)
		if p.isNamed() {
			room--
		}
	}
	unmapped := make([]netip.AddrPort, len(addresses))
	for i, address := range addresses {
		unmapped[i] = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	}
	slices.SortFunc(unmapped, netip.AddrPort.Compare)
	delete(r.leftOut, by)
	for _, address := range slices.Compact(unmapped) {
		whose := ownership(address)
		if whose == IsOwn {
			continue
		}
		p := r.peers[address]
		if by.Name != "" && (p == nil || !p.isNamed()) {
			if room == 0 {
				r.leftOut[by]++
				continue
			}
			room--
		}
		if p == nil {
			p = &peer{Peer: Peer{Address: address, Status: Unheard}, found: make(map[Source]bool), self: whose == MayBeOwn}
			r.peers[address] = p
		}
		p.found[by], p.foundAt, p.serverName = true, now, strings.TrimSuffix(by.Name, ".")
	}
}

// LeftOut is how many addresses of names are not kept because there are too many.
func (r *Roster) LeftOut() int {
	count := 0
	for _, n := range r.leftOut {
		count += n
	}
	return count
}

// FoundNobody notes that a source says that it has no addresses. Those of before are kept for
// ten minutes: what fills the name may have failed.
func (r *Roster) FoundNobody(now time.Duration, by Source) {
	for _, p := range r.peers {
		if now-p.foundAt >= remembered {
			delete(p.found, by)
		}
	}
}

// Keep drops who was found by nothing but what a reload has taken out. Who is not found any
// more, and only remembered, stays so.
func (r *Roster) Keep(finds func(by Source, address netip.AddrPort) bool) {
	maps.DeleteFunc(r.peers, func(address netip.AddrPort, p *peer) bool {
		was := len(p.found) > 0
		maps.DeleteFunc(p.found, func(by Source, _ bool) bool { return !finds(by, address) })
		return was && len(p.found) == 0
	})
	maps.DeleteFunc(r.leftOut, func(by Source, _ int) bool { return !finds(by, netip.AddrPort{}) })
}

// Forget drops who does not count any more.
func (r *Roster) Forget(now time.Duration) {
	maps.DeleteFunc(r.peers, func(_ netip.AddrPort, p *peer) bool { return len(p.found) == 0 && !p.isKnown(now) })
}

// KnownPeers is the number of other servers: those that have answered are as many as their
// ids, and each address that has not counts as one, as does each that is left out. Nobody can
// tell which of those belong together, and a guess might lower the bar of a percentage.
func (r *Roster) KnownPeers(now time.Duration) int {
	ids, unheard := make(map[promise.ID]bool), 0
	for _, p := range r.peers {
		switch {
		case !p.isKnown(now):
		case p.ID == "":
			unheard++
		default:
			ids[p.ID] = true
		}
	}
	return len(ids) + unheard + r.LeftOut()
}

// IPs are the addresses from which requests of peers are accepted, without zones.
func (r *Roster) IPs(now time.Duration) map[netip.Addr]bool {
	all := make(map[netip.Addr]bool)
	for address, p := range r.peers {
		if p.isTrusted(now) {
			all[address.Addr().WithZone("")] = true
		}
	}
	return all
}

// HasIP is whether a peer has that IP address.
func (r *Roster) HasIP(now time.Duration, ip netip.Addr) bool {
	for address, p := range r.peers {
		if address.Addr().WithZone("") == ip.Unmap().WithZone("") && p.isTrusted(now) {
			return true
		}
	}
	return false
}

// ServerName is what the certificate of the peer at address must name: the name that it
// was found by, or its address.
func (r *Roster) ServerName(address string) string {
	a, _ := netip.ParseAddrPort(address)
	if p := r.peers[a]; p != nil && p.serverName != "" {
		return p.serverName
	}
	return a.Addr().WithZone("").String()
}

// found are the peers that are found now, by their address, and those that turned out to
// be ourselves: somebody else may have that address later.
func (r *Roster) found() []*peer {
	var all []*peer
	for _, p := range r.peers {
		if len(p.found) > 0 {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *peer) int { return a.Address.Compare(b.Address) })
	return all
}
