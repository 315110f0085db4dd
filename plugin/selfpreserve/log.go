package selfpreserve

import (
	"fmt"
	stdlog "log"
	"net/netip"
	"os"
	"strings"
	"time"

	clog "github.com/coredns/coredns/plugin/pkg/log"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

var log = clog.NewWithPlugin(pluginName)

// failuresTold is for how many intervals in a row something that may heal by itself, as
// everything does when a fleet starts, has to fail before the log speaks of it.
const failuresTold = 5

// said is what the log has said. It outlives a reload.
type said struct {
	served   bool                      // that the server came into service
	stays    bool                      // that a round was in vain
	failing  map[string]bool           // by check
	alone    bool                      // that no peer answers
	aloneFor int                       // polls in a row that none did
	unnamed  map[string]int            // by name of peers: lookups in a row that it gave none
	peers    map[netip.AddrPort]string // what the history says of each
	rejected time.Duration             // when a request was last said to be rejected
	leftOut  bool                      // that names have too many addresses
}

// tell writes a line when the state changes, and when it does not though it should. promised
// are those on whose promise the server now leaves. Called with the lock, after a step.
func (n *node) tell(before, after promise.View, promised string) {
	if after.Terminating && !before.Terminating {
		n.record("SIGTERM", "")
	}
	stays := after.State == promise.Asking && after.FailedRounds > 0 && !n.said.stays
	switch {
	case after.State != before.State:
		why := after.Why
		if after.State == promise.Asking {
			why = n.cause(after) // it has asked nobody yet
		}
		n.record("state "+after.State.String(), why)
		n.said.stays = false
		n.tellState(before.State, after, promised)
	case after.Terminating && !before.Terminating && after.State == promise.Asking:
		n.tellHeld(after)
	case stays:
		n.said.stays = true
		n.record("stays in service", after.Why)
		if after.Observe {
			log.Infof("Observes: would stay in service: %s", after.Why)
		} else {
			log.Warningf("Stays in service: %s", after.Why)
		}
	}
}

func (n *node) tellState(before promise.State, now promise.View, promised string) {
	served := n.said.served
	if now.State.InService() {
		n.said.served = true
	}
	if now.Observe && (served || now.State == promise.Aside) {
		n.tellObserved(now, promised)
		return
	}
	switch now.State {
	case promise.Serving:
		if served {
			log.Infof("Fit again, and in service")
		} else {
			log.Infof("In service, as %s, %s", n.id, n.place(now))
		}
	case promise.Asking:
		switch {
		case !served:
			log.Warningf("In service, as %s, though it has not been fit: %s", n.id, n.cause(now))
		case before == promise.Aside:
			log.Warningf("Back in service: %s", now.Why)
		case now.Terminating:
			n.tellHeld(now)
		case !now.HasPeers:
			log.Warningf("Stays in service: %s", now.Why)
		default:
			log.Warningf("Asks peers to stay, to step aside: %s", n.cause(now))
		}
	case promise.Aside:
		log.Warningf("Steps aside, /ready is 503: %s%s", now.Why, promised)
	}
}

// place is where a server is, and among whom, for people.
func (n *node) place(now promise.View) string {
	switch {
	case now.Observe:
		return fmt.Sprintf("at %s, and only observes", n.conf.address)
	case !now.HasPeers:
		return fmt.Sprintf("at %s, without peers", n.conf.address)
	}
	return fmt.Sprintf("at %s (min_peers %d, %d peers known so far)", n.conf.address, now.MinPeers, n.roster.KnownPeers(n.now()))
}

// cause is why a server wants to leave, without what it has done about it.
func (n *node) cause(v promise.View) string {
	switch {
	case v.Override.Kind != "", !v.Terminating && n.fitness.Why == "":
		return v.Why
	case v.Terminating:
		return "SIGTERM"
	}
	return n.fitness.Why
}

// tellHeld writes the line of a SIGTERM that has come. What it waits for in vain tell says, and
// how long it still waits tellHold.
func (n *node) tellHeld(now promise.View) {
	known := n.roster.KnownPeers(n.now())
	if now.Observe {
		log.Infof("Observes: SIGTERM would be held till enough peers promise to stay (min_peers %d, %d known)", now.MinPeers, known)
		return
	}
	log.Infof("Asks peers to stay, and stays in service till enough promise (min_peers %d, %d known): SIGTERM", now.MinPeers, known)
}

// tellHold writes a line while SIGTERM is held. Called with the lock.
func (n *node) tellHold() {
	if v := n.view.Load(); v.State == promise.Asking && left(v.Deadline-n.now()) > 0 {
		log.Warningf("Holds SIGTERM, for %s at most: %s", left(v.Deadline-n.now()), v.Why)
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
			why = fmt.Sprintf("it has itself promised to stay, to %d", given)
		}
		log.Errorf("Leaves service by force after max_hold of %s: %s (%d of %d known answer)", n.conf.maxHold, why, n.roster.Answering(), n.roster.KnownPeers(n.now()))
		n.record("leaves by force", why)
	case o == promise.Overridden:
		log.Warningf("Leaves service by order of the operator: %s", n.view.Load().Override.Reason)
	case !n.said.served:
		log.Infof("Leaves before it came into service")
	case !n.conf.peers:
		log.Infof("Leaves service: it has no peers")
	default:
		log.Infof("Leaves service: enough peers have promised to stay%s", promised)
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

// tellChecks writes a line when a check makes the server unfit, and when it no longer does.
func (n *node) tellChecks() {
	for _, c := range n.checks.all {
		failing := c.sick
		if n.view.Load().State == promise.Starting {
			failing = c.fails > tolerated*startupSpeedup // it starts, and heals by itself
		}
		if failing == n.said.failing[c.name] {
			continue
		}
		if n.said.failing[c.name] = failing; failing {
			n.record(fmt.Sprintf("check %q fails", c.name), c.reason)
			log.Warningf("Check %q has failed %d times in a row: %s", c.name, c.fails, c.reason)
		} else {
			n.record(fmt.Sprintf("check %q passes", c.name), "")
			log.Infof("Check %q passes again", c.name)
		}
	}
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name[:min(len(name), wire.MaxText)]
}

// quiet takes the lines of net/http about connections of anybody.
func quiet() *stdlog.Logger { return stdlog.New(debugLines{}, "", 0) }

type debugLines struct{}

func (debugLines) Write(line []byte) (int, error) {
	log.Debug(strings.TrimSpace(string(line)))
	return len(line), nil
}
