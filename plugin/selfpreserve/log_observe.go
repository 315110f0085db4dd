package selfpreserve

import "github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"

// tellObserved writes what a server that only observes would have done.
func (n *node) tellObserved(now promise.View, promised string) {
	switch {
	case now.State == promise.Serving:
		log.Infof("Observing: fit again, would be back in service")
	case now.State == promise.Asking && now.Terminating:
		n.tellHeld(now)
	case now.State == promise.Asking:
		log.Infof("Observing: unfit; would ask peers to stay so that this server can step aside: %s", n.cause(now))
	case now.State == promise.Aside:
		log.Infof("Observing: would step aside, with /ready at 503: %s%s", now.Why, promised)
	case now.State == promise.Leaving:
		why := "enough peers have promised to stay" + promised
		switch {
		case !now.HasPeers:
			why = "it has no peers"
		case promised == "":
			why = "by force, because max_hold is over"
		}
		log.Infof("Observing: would leave service now: %s", why)
	}
}

// tellObservedEnd writes what would go on where a server that only observes ends. Called with
// the lock.
func (n *node) tellObservedEnd() {
	v := n.view.Load()
	log.Warningf("Observing: SIGTERM would now be held for at most %s: %s", left(v.Deadline-n.now()), v.Why)
}
