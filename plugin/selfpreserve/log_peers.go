package selfpreserve

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// tellPeers writes a line when no peer answers any more, once that lasts, and when one
// does again. Each peer by itself is in /status and the metrics. Of names that give no
// peers tellName speaks. A server that leaves waits for no peer any more, and says nothing.
func (n *node) tellPeers(now time.Duration) {
	if n.view.Load().State == promise.Leaving {
		return
	}
	if n.roster.Answering() > 0 {
		if n.said.alone {
			n.record("peers answer", "")
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
		n.record("no peer answers", "")
		orForced := ""
		if n.view.Load().Terminating {
			orForced = ", or until max_hold is over"
		}
		switch known := n.roster.KnownPeers(now); known {
		case 0:
			log.Warningf("No peers are known: this server stays in service until one answers%s", orForced)
		case 1:
			log.Warningf("The only known peer does not answer: this server stays in service until it does%s", orForced)
		default:
			log.Warningf("None of the %d known peers answers: this server stays in service until one does%s", known, orForced)
		}
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
			n.record(fmt.Sprintf("looking up peers %s works again", name.name), "")
			log.Infof("Looking up peers %s works again", name.name)
		}
		delete(n.said.unnamed, name.name)
		return
	}
	if n.said.unnamed[name.name]++; n.said.unnamed[name.name] == failuresTold {
		n.record(fmt.Sprintf("looking up peers %s failed", name.name), why)
	}
	switch lasts := n.said.unnamed[name.name] == failuresTold; {
	case lasts && empty:
		log.Warningf("Looking up peers %s failed: %s; those found before are kept", name.name, why)
	case lasts:
		log.Warningf("Looking up peers %s failed in part: %s; those found before are kept", name.name, why)
	default:
		log.Debugf("Looking up peers %s failed: %s", name.name, why)
	}
}

// pauseOfRejections is how often the log speaks of requests that were not taken.
const pauseOfRejections = time.Minute

// tellImpossible writes a line if the Corefile lists so few peers that nobody can ever leave on
// promises. What names will give nobody knows. Called with the lock.
func (n *node) tellImpossible() {
	if !n.conf.peers || len(n.conf.names) > 0 {
		return
	}
	own, others := n.own(), 0
	for _, address := range n.conf.static {
		if own(address) != roster.IsOwn {
			others++
		}
	}
	switch least := n.conf.minPeers.Of(others); {
	case others == 0:
		log.Warningf("All addresses in peers static are this server's own: nobody can promise, so each SIGTERM is held for max_hold of %s", n.conf.maxHold)
	case least > others:
		log.Warningf("Too few peers in the Corefile: min_peers is %d, but peers static lists only %d besides this server, so each SIGTERM is held for max_hold of %s", least, others, n.conf.maxHold)
	}
}

// tellLeftOut writes a line when names have more addresses than are kept, and when they no
// longer do.
func (n *node) tellLeftOut() {
	leftOut := n.roster.LeftOut()
	if n.said.leftOut == (leftOut > 0) {
		return
	}
	if n.said.leftOut = leftOut > 0; n.said.leftOut {
		log.Warningf("Names in peers have %d more addresses than the %d that are kept: the rest are not asked, and are treated as strangers", leftOut, roster.MaxNamed)
	} else {
		log.Infof("Names in peers no longer have more addresses than are kept")
	}
}
