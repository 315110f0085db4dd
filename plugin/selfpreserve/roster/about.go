package roster

import (
	"net/netip"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// About is what a peer says about itself for people, and for how many may leave. It is not
// written again, and anybody may keep it.
type About struct {
	promise.Server
	Name, Holdfast string        // of its host, and the version
	Dated          bool          // what follows is known
	State          promise.State // of which Since and Reason speak
	Since          time.Duration // it is in that state, by this server's clock
	Reason         string
}

// sameSince is by how much the beginning of a state may seem to move, since a poll takes its
// time, before it is the beginning of another.
const sameSince = time.Second

// Describe notes what the peer at address says of itself, if it is the process that has
// answered there.
func (r *Roster) Describe(address netip.AddrPort, about About) {
	p := r.peers[address]
	if p == nil || p.ID != about.ID {
		return
	}
	if was := p.About; was != nil && was.ID == about.ID && was.State == about.State && (about.Since-was.Since).Abs() < sameSince {
		about.Since = min(about.Since, was.Since) // the poll that took the least is the nearest
	}
	p.About = &about
}

// AboutItself is what the process that answers at p's address says about itself, or nil.
func (p Peer) AboutItself() *About {
	if p.About == nil || p.About.ID != p.ID {
		return nil
	}
	return p.About
}
