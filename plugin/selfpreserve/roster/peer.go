package roster

import (
	"net/netip"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Unreachable is the status of a peer that did not answer its last poll, and Unheard of
// one that was not polled yet. The others are the names of states.
const (
	Unreachable = "unreachable"
	Unheard     = "unheard"
)

// Peer is another server at one address.
type Peer struct {
	Address netip.AddrPort
	ID      promise.ID    // "" before it has answered
	Status  string        // a state's name, Unreachable or Unheard
	HeardAt time.Duration // when it last answered, if it has an ID
	Said    promise.State // the last that it said of itself, if it has an ID
	About   *About        // likewise, if it says that much
}

// peer is what the roster alone has to know of it, too.
type peer struct {
	Peer
	found      map[Source]bool // by what it is found now
	foundAt    time.Duration   // the last time
	serverName string          // that its certificate has to have, if not its address
	self       bool            // it answered with our own id, or has not yet at an address of this host
	leaving    bool            // it said that it leaves
	polledAt   time.Duration   // when it was last picked to be polled
}

// Peers are those that are found now, without ourselves, by their address.
func (r *Roster) Peers() []Peer {
	var all []Peer
	for _, p := range r.found() {
		if !p.self {
			all = append(all, p.Peer)
		}
	}
	return all
}

// Answering is how many of them answered when last polled.
func (r *Roster) Answering() int {
	count := 0
	for _, p := range r.found() {
		if !p.self && p.ID != "" && p.Status != Unreachable {
			count++
		}
	}
	return count
}

// Answered notes the answer of the peer at address to a poll.
func (r *Roster) Answered(now time.Duration, address netip.AddrPort, id promise.ID, state promise.State) {
	if p := r.peers[address]; p != nil {
		p.self = id == r.own
		p.ID = id
		p.says(now, state)
	}
}

// Silent notes that the peer at address did not answer a poll.
func (r *Roster) Silent(address netip.AddrPort) {
	if p := r.peers[address]; p != nil {
		p.Status = Unreachable
	}
}

// Promised notes the process that has promised at address: another than when it was last
// polled, if it has restarted.
func (r *Roster) Promised(address string, id promise.ID) {
	a, _ := netip.ParseAddrPort(address)
	if p := r.peers[a]; p != nil && p.ID != "" && !p.self {
		p.ID = id
	}
}

// Polled notes what the process id has said of itself in a poll of its own.
func (r *Roster) Polled(now time.Duration, id promise.ID, state promise.State) {
	for _, p := range r.peers {
		switch {
		case p.ID != id:
		case p.Status != Unreachable:
			p.says(now, state)
		default: // it reaches us, but not we it
			p.leaving = p.leaving || state == promise.Leaving
		}
	}
}

func (p *peer) says(now time.Duration, state promise.State) {
	p.Status, p.Said, p.leaving, p.HeardAt = state.String(), state, state == promise.Leaving, now
}

// isKnown is whether p counts for a percentage: it is found, or has answered and was found
// within the last ten minutes.
func (p *peer) isKnown(now time.Duration) bool {
	return !p.self && (len(p.found) > 0 || p.ID != "" && now-p.foundAt < remembered)
}

// isTrusted is whether requests from p's address are those of a peer.
func (p *peer) isTrusted(now time.Duration) bool { return p.isKnown(now) || p.self && p.ID == "" }
