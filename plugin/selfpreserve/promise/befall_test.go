package promise

import "time"

// pass lets time pass, and wakes the machines that want it, and no others.
func (w *world) pass(d time.Duration) error {
	w.now += d
	for i := range w.servers {
		if err := w.wake(i); err != nil {
			return err
		}
	}
	return nil
}

// hurry lets time pass for server i alone: there is nothing that its clock agrees with.
func (w *world) hurry(i int, d time.Duration) error {
	w.own(i).ahead += d
	return w.wake(i)
}

func (w *world) wake(i int) error {
	s := w.servers[i]
	if at, ok := s.m.Wake(); !ok || at > w.clock(s) {
		return nil
	}
	return w.tell(i, Tick{})
}

// sees tells server i who is there, and who answers there; one of them it may miss.
func (w *world) sees(i, missing int) error {
	seen := PeersSeen{Jitter: w.seen(i).Jitter}
	for _, p := range w.others(i) {
		if j := w.index(p.Address); j != missing {
			if w.servers[j].up {
				p.ID = w.servers[j].m.id
			}
			seen.Peers = append(seen.Peers, p)
		}
	}
	seen.KnownPeers = len(seen.Peers)
	return w.tell(i, seen)
}

// health fails or mends the checks of server i.
func (w *world) health(i int, fit, allPassed bool) error {
	s := w.own(i)
	s.fit, s.allPassed = fit, allPassed
	return w.tell(i, Fitness{Fit: fit, AllPassed: allPassed, PluginsReady: true, Why: "unfit"})
}

// restart starts server i again, which has forgotten everything.
func (w *world) restart(i int) error {
	if w.servers[i].up {
		w.kill(i)
	}
	s := w.own(i)
	s.up, s.born, s.ahead, s.lost = true, w.now, 0, nil
	s.restarts++
	s.m = w.newMachine(w.id(i, s), s.m.settings)
	for k := range w.servers {
		for n, l := range w.servers[k].lost {
			if l.giver == i && l.until > w.truth(s, s.m.settings.Lifetime) {
				w.own(k).lost[n].moot = true
			}
		}
	}
	if err := w.tell(i, w.seen(i)); err != nil {
		return err
	}
	return w.tell(i, Fitness{Fit: s.fit, AllPassed: s.allPassed, PluginsReady: true, Why: "unfit"})
}
