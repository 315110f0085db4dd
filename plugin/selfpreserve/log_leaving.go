package selfpreserve

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// tellHeld writes the line of a SIGTERM that has come. What it waits for in vain tell says, and
// how long it still waits tellHold.
func (n *node) tellHeld(now promise.View) {
	known := n.roster.KnownPeers(n.now())
	if now.Observe {
		log.Infof("Observing: SIGTERM would be held until enough peers promise to stay (min_peers %d, %d known)", now.MinPeers, known)
		return
	}
	log.Infof("SIGTERM: asking peers to stay, in service until enough have promised (min_peers %d, %d known)", now.MinPeers, known)
}

// tellHold writes a line while SIGTERM is held. Called with the lock.
func (n *node) tellHold() {
	if v := n.view.Load(); v.State == promise.Asking && left(v.Deadline-n.now()) > 0 {
		log.Warningf("Holding SIGTERM for at most %s: %s", left(v.Deadline-n.now()), v.Why)
	}
}

// left is a time that is left in whole seconds: 0s is less than one.
func left(d time.Duration) time.Duration { return max(0, d).Truncate(time.Second) }

// tellDeparture writes the line of a shutdown that goes on. Called with the lock.
func (n *node) tellDeparture(o promise.Outcome, promised string) {
	switch {
	case o == promise.Forced:
		why := "too few peers have promised to stay"
		if given := n.view.Load().Given; given > 0 {
			why = fmt.Sprintf("it has itself promised to stay (promises given: %d)", given)
		}
		log.Errorf("Leaving service by force after max_hold of %s: %s (%d of %d known peers answer)", n.conf.maxHold, why, n.roster.Answering(), n.roster.KnownPeers(n.now()))
		n.record("leaves by force", why)
	case o == promise.Overridden:
		log.Warningf("Leaving service by order of the operator: %s", n.view.Load().Override.Reason)
	case !n.said.served:
		log.Infof("Leaving before coming into service")
	case !n.conf.peers:
		log.Infof("Leaving service: no peers are configured")
	default:
		log.Infof("Leaving service: enough peers have promised to stay%s", promised)
	}
}

// names are servers that have promised, for people, behind what they have promised.
func (n *node) names(promised []promise.Peer) string {
	var names []string
	for _, p := range promised {
		name := p.Address
		for _, known := range n.roster.Peers() {
			if known.Address.String() == p.Address && known.ID == p.ID {
				name = describe(known)
			}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}
