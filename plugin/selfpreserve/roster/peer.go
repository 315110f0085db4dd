package roster

import (
	"net/netip"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Unreachable is the status of a peer that did not answer its last poll, Left of one that had
// said before that it leaves, and Unheard of one that was not polled yet. The others are the
// names of states.
const (
	Unreachable = "unreachable"
	Left        = "left"
	Unheard     = "unheard"
)

// Peer is another server at one address.
type Peer struct {
	Address netip.AddrPort
	ID      promise.ID    // "" before it has answered
	Status  string        // a state's name, Unreachable, Left or Unheard
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
	leaving    bool            // it said that it leaves, which no process takes back
	onPromises bool            // and that enough had promised to stay
	named      promise.ID      // who answered while what finds it still had its address
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
		if !p.self && p.ID != "" && p.Status != Unreachable && p.Status != Left {
			count++
		}
	}
	return count
}

// Answered notes the answer of the peer at address to a poll.
func (r *Roster) Answered(now time.Duration, address netip.AddrPort, id promise.ID, state promise.State) {
	if p := r.peers[address]; p != nil {
		p.self = id == r.own
		p.is(id)
		if now-p.foundAt < remembered {
			p.named = id
		}
		p.says(now, state)
	}
}

// Silent notes that the peer at address did not answer a poll.
func (r *Roster) Silent(address netip.AddrPort) {
	if p := r.peers[address]; p != nil {
		if p.Status = Unreachable; p.leaving {
			p.Status = Left
		}
	}
}

// LeavesOnPromises notes that the process id has said that it leaves, and that enough have
// promised to stay: once it is not found any more, nobody misses it.
func (r *Roster) LeavesOnPromises(id promise.ID) {
	for _, p := range r.peers {
		if p.ID == id {
			p.leaving, p.onPromises = true, true
		}
	}
}

// Promised notes the process that has promised at address: another than when it was last
// polled, if it has restarted.
func (r *Roster) Promised(address string, id promise.ID) {
	a, _ := netip.ParseAddrPort(address)
	if p := r.peers[a]; p != nil && p.ID != "" && !p.self {
		p.is(id)
	}
}

// Polled notes what the process id has said of itself in a poll of its own.
func (r *Roster) Polled(now time.Duration, id promise.ID, state promise.State) {
	for _, p := range r.peers {
		switch {
		case p.ID != id:
		case p.Status != Unreachable && p.Status != Left:
			p.says(now, state)
		default: // it reaches us, but not we it
			p.leaving = p.leaving || state == promise.Leaving
		}
	}
}

// is notes who answers at p's address: another process has not said what the one before did.
func (p *peer) is(id promise.ID) {
	if p.ID != id {
		p.ID, p.leaving, p.onPromises = id, false, false
	}
}

// says notes what p has said. An answer from before it said that it leaves may come late.
func (p *peer) says(now time.Duration, state promise.State) {
	p.HeardAt, p.leaving = now, p.leaving || state == promise.Leaving
	if p.Said = state; p.leaving {
		p.Said = promise.Leaving
	}
	p.Status = p.Said.String()
}

// isNamed is whether a name finds p.
func (p *peer) isNamed() bool {
	for by := range p.found {
		if by.Name != "" {
			return true
		}
	}
	return false
}

// isKnown is whether p counts for a percentage: it is found, or has answered and was found
// within the last ten minutes, and has not left on promises.
func (p *peer) isKnown(now time.Duration) bool {
	return !p.self && (len(p.found) > 0 || p.ID != "" && !p.onPromises && now-p.foundAt < remembered)
}

// isTrusted is whether requests from p's address are those of a peer. While what found it
// fails, somebody else may get the address: it is trusted for ten minutes, and for longer only
// if the process that was at it before goes on answering there.
func (p *peer) isTrusted(now time.Duration) bool {
	fresh := now-p.foundAt < remembered || p.ID != "" && p.ID == p.named && now-p.HeardAt < remembered
	return p.isKnown(now) && fresh || p.self && p.ID == ""
}
