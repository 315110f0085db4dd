package selfpreserve

import (
	"math"
	"time"
)

// settings are those of a Corefile that bear on decisions.
type settings struct {
	peers    bool  // whether any are configured; without, a server is alone by choice
	minPeers quota // how many have to promise
	maxHold  time.Duration
	promise  time.Duration // lifetime
	interval time.Duration
	capacity int // queries a second, or 0
}

// quota is a number of servers, or a percentage of those that are known.
type quota struct {
	number  int
	percent int // if not 0, number does not count
}

// of returns how many of known servers that is: rounded up, and at least one.
func (q quota) of(known int) int {
	if q.percent == 0 {
		return q.number
	}
	return max(1, int(math.Ceil(float64(known*q.percent)/100)))
}

const (
	// atOnce is how many peers are asked at the same time, and polled in a round. What
	// a server does then costs the same in a fleet of 30 and of 300.
	atOnce = 16

	// spare is how many more are asked than are needed, so that one that is slow or
	// about to go itself costs no time. What is not needed is released at once.
	spare = 1

	// margin is the part of its lifetime by which a promise ends earlier for who holds
	// it than for who gave it: 1/16, enough for clocks whose rates differ by 3 %.
	margin = 16

	// maxGiven bounds what peers can make this server remember.
	maxGiven = 1024
)

// patience is how long a reply is waited for.
func (s settings) patience() time.Duration { return min(s.interval, time.Second) }

// renewal is when a promise of that lifetime is renewed, after it was last asked for.
func renewal(lifetime time.Duration) time.Duration { return lifetime / 3 }

// roundTime bounds a round, so that no promise of its beginning ends before it does.
func (s settings) roundTime() time.Duration { return s.promise / 3 }
