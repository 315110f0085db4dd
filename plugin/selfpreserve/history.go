package selfpreserve

import (
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// remembered is how many changes /status has.
const remembered = 100

// change is something that has changed, such as "state asking", and why.
type change struct {
	at        time.Duration
	what, why string
}

// record remembers a change. Called with the lock.
func (n *node) record(what, why string) {
	n.show(func(s *shown) {
		kept := s.changes[:min(len(s.changes), remembered-1)]
		s.changes = append([]change{{n.now(), what, why}}, kept...)
	})
}

// recordPeers remembers how peers have changed since the last time. One poll in vain is no
// change: a peer is unreachable once it has been silent for longer than it takes to ask twice.
// Called with the lock.
func (n *node) recordPeers(now time.Duration) {
	n.showPeers()
	before := n.said.peers
	n.said.peers = make(map[netip.AddrPort]string)
	for _, p := range n.shown.Load().peers {
		was, known := before[p.Address]
		status := p.Status
		if status == roster.Unreachable && (p.ID == "" || now-p.HeardAt < 2*n.conf.interval) {
			status = was // not yet
		}
		if status == "" || status == roster.Unheard {
			n.said.peers[p.Address] = was
			continue
		}
		n.said.peers[p.Address] = status
		if status != was || !known {
			n.record(fmt.Sprintf("peer %s %s", describe(p), status), wordOf(p))
		}
	}
	maps.DeleteFunc(n.said.certificates, func(address netip.AddrPort, _ string) bool {
		_, found := n.said.peers[address]
		return !found
	})
	for address, status := range before {
		if _, found := n.said.peers[address]; !found && status != "" {
			n.record(fmt.Sprintf("peer %s is no longer found", address), "")
		}
	}
}

// describe names a peer to people.
func describe(p roster.Peer) string {
	if about := p.AboutItself(); about != nil && about.Name != "" {
		return fmt.Sprintf("%s (%s)", p.Address, about.Name)
	}
	return p.Address.String()
}

// wordOf is why a peer is in its state, by its own word.
func wordOf(p roster.Peer) string {
	about := p.AboutItself()
	if about == nil || about.State != p.Said || p.Status != p.Said.String() {
		return ""
	}
	return about.Reason
}
