package stalecheck

import "time"

// hurry is how a zone is looked at again within its first interval, while nobody can tell its age:
// servers that start together are not there at the same instant, and a secondary loads its zone
// after it has begun to listen. The pauses grow, so that this is at most three more looks, also at
// references that are down for good.
type hurry struct {
	pause time.Duration
	at    time.Time // of the next look; zero if there is none any more
}

// firstPause is the part of an interval after which a zone is looked at for the second time.
const firstPause = 8

// begin is called with each look at its regular time: the hurry begins with the first and is over
// with the second.
func (h *hurry) begin(now time.Time, interval time.Duration) *hurry {
	if h != nil {
		return new(hurry)
	}
	pause := interval / firstPause
	return &hurry{pause, now.Add(pause)}
}

// before returns when to look, which is at next if there is no hurry.
func (h *hurry) before(next time.Time) time.Time {
	if h == nil || h.at.IsZero() || h.at.After(next) {
		return next
	}
	return h.at
}

// again sets when to look after the look that is due, if it is still unknown how old the zone is.
func (h *hurry) again(unknown bool) {
	if h.pause *= 2; unknown {
		h.at = h.at.Add(h.pause)
	} else {
		h.at = time.Time{}
	}
}
