package selfpreserve

import (
	"fmt"
	stdlog "log"
	"os"
	"slices"
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
	served   bool            // that the server came into service
	stays    bool            // that a round was in vain
	failing  map[string]bool // by check
	alone    bool            // that no peer answers
	aloneFor int             // polls in a row that none did
	unnamed  map[string]int  // by name of peers: lookups in a row that it gave none
	rejected time.Duration   // when a request was last said to be rejected
}

// tell writes a line when the state changes, and when it does not though it should.
// Called with the lock, after a step.
func (n *node) tell(before, after promise.View) {
	if after.State != before.State {
		n.said.stays = false
		n.tellState(before.State, after)
	} else if after.Terminating && !before.Terminating && after.State == promise.Asking {
		log.Infof("Asks peers to stay, and stays in service till they promise: %s", after.Why)
	}
	if after.State == promise.Asking && after.FailedRounds > 0 && !n.said.stays {
		n.said.stays = true
		log.Warningf("Stays in service: %s", after.Why)
	}
}

func (n *node) tellState(before promise.State, now promise.View) {
	switch now.State {
	case promise.Serving:
		if !n.said.served {
			log.Infof("In service, as %s", n.id)
		} else {
			log.Infof("Fit again, and in service")
		}
		n.said.served = true
	case promise.Asking:
		served := n.said.served
		n.said.served = true
		switch {
		case !served:
			log.Warningf("In service, as %s, though it has not been fit: %s", n.id, now.Why)
		case before == promise.Aside:
			log.Warningf("Back in service: %s", now.Why)
		case now.Terminating:
			log.Infof("Asks peers to stay, and stays in service till they promise: %s", now.Why)
		case !now.HasPeers:
			log.Warningf("Stays in service: %s", now.Why)
		default:
			log.Warningf("Asks peers to stay, to step aside: %s", now.Why)
		}
	case promise.Aside:
		log.Warningf("Steps aside, /ready is 503: %s", now.Why)
	}
}

// tellDeparture writes the line of a shutdown that goes on. Called with the lock.
func (n *node) tellDeparture(o promise.Outcome) {
	switch {
	case o == promise.Forced:
		why := "too few peers have promised to stay"
		if given := n.view.Load().Given; given > 0 {
			why = fmt.Sprintf("it has itself promised to stay, to %d", given)
		}
		log.Errorf("Leaves service by force after max_hold of %s: %s (%d of %d known answer)", n.conf.maxHold, why, n.roster.Answering(), n.roster.KnownPeers(n.now()))
	case !n.said.served:
		log.Infof("Leaves before it came into service")
	case !n.conf.peers:
		log.Infof("Leaves service: it has no peers")
	default:
		log.Infof("Leaves service: enough peers have promised to stay")
	}
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
			log.Warningf("Check %q has failed %d times in a row: %s", c.name, c.fails, c.reason)
		} else {
			log.Infof("Check %q passes again", c.name)
		}
	}
}

// tellPeers writes a line when no peer answers any more, once that lasts, and when one
// does again. Each peer by itself is in /status and the metrics. Of names that give no
// peers tellName speaks.
func (n *node) tellPeers(now time.Duration) {
	if n.roster.Answering() > 0 {
		if n.said.alone {
			log.Infof("Peers answer again")
		}
		n.said.alone, n.said.aloneFor = false, 0
		return
	}
	if n.roster.KnownPeers(now) == 0 && slices.ContainsFunc(n.conf.names, func(p peerName) bool { return n.said.unnamed[p.name] > 0 }) {
		n.said.aloneFor = 0
		return
	}
	if n.said.aloneFor++; n.said.aloneFor == failuresTold {
		n.said.alone = true
		log.Warningf("No peer answers, of %d known: this server stays in service until one does, or max_hold is over", n.roster.KnownPeers(now))
	}
}

// tellName writes a line when a name of peers is of no use, once that lasts, and when it
// is again.
func (n *node) tellName(name peerName, empty bool, errs []error) {
	why := "no addresses"
	failed := empty
	for _, err := range errs {
		if err != nil {
			why, failed = err.Error(), true
		}
	}
	if !failed {
		if n.said.unnamed[name.name] >= failuresTold {
			log.Infof("Peers of %s are found again", name.name)
		}
		delete(n.said.unnamed, name.name)
		return
	}
	n.said.unnamed[name.name]++
	switch lasts := n.said.unnamed[name.name] == failuresTold; {
	case lasts && empty:
		log.Warningf("Peers of %s are not found: %s; those found before are kept", name.name, why)
	case lasts:
		log.Warningf("Peers of %s are not all found: %s; those found before are kept", name.name, why)
	default:
		log.Debugf("Peers of %s are not found: %s", name.name, why)
	}
}

// pauseOfRejections is how often the log speaks of requests that were not taken.
const pauseOfRejections = time.Minute

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
