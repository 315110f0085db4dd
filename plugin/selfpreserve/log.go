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

	certificates map[netip.AddrPort]string // why a peer is not heard, if for a certificate
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
			log.Infof("Observing: would stay in service: %s", after.Why)
		} else {
			log.Warningf("Staying in service: %s", after.Why)
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
			log.Infof("Fit again and in service")
		} else {
			log.Infof("In service as %s, %s", n.id, n.place(now))
		}
	case promise.Asking:
		switch {
		case !served:
			log.Warningf("In service as %s, but not fit since it started: %s", n.id, n.cause(now))
		case before == promise.Aside:
			log.Warningf("Back in service: %s", now.Why)
		case now.Terminating:
			n.tellHeld(now)
		case !now.HasPeers:
			log.Warningf("Staying in service: %s", now.Why)
		default:
			log.Warningf("Unfit; asking peers to stay so that this server can step aside: %s", n.cause(now))
		}
	case promise.Aside:
		log.Warningf("Stepping aside, /ready is 503: %s%s", now.Why, promised)
	}
}

// place is where a server is, and among whom, for people.
func (n *node) place(now promise.View) string {
	switch {
	case now.Observe:
		return fmt.Sprintf("at %s, observing only", n.conf.address)
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
