package promise

import (
	"math"
	"time"
)

// Settings are the settings of a Corefile that affect decisions.
type Settings struct {
	HasPeers bool          // whether any are configured; without, a server is alone by choice
	MinPeers Quota         // how many have to promise
	MaxHold  time.Duration // of SIGTERM
	Lifetime time.Duration // of a promise
	Interval time.Duration // of checks and polls
	Capacity int           // queries a second, or 0
	Observe  bool          // decide everything, and leave the server in service

	// ColdStart is how long a server that has never been fit, and to which no peer replies,
	// stays out of service; or Never.
	ColdStart time.Duration
}

// Never is the ColdStart of a server that stays out until it is fit or a peer replies.
const Never time.Duration = math.MaxInt64

// Quota is a number of servers, a percentage of the peers that are known, or the larger of
// both.
type Quota struct {
	Number  int // 0 if there is only a percentage
	Percent int // 0 if there is only a number
}

// Of returns how many of the known peers that is: rounded up, and at least one.
func (q Quota) Of(knownPeers int) int {
	return max(1, q.Number, int(math.Ceil(float64(knownPeers*q.Percent)/100)))
}

const (
	// atOnce is how many peers are asked at the same time, so that asking costs the same in a
	// fleet of 30 and of 300.
	atOnce = 16

	// spare is how many more are asked than are needed, so that one that is slow or
	// about to go itself costs no time. What is not needed is released at once.
	spare = 1

	// margin is the part of its lifetime by which a promise ends earlier for its holder than
	// for its giver: 1/16, enough for clocks whose rates differ by 3 %.
	margin = 16

	// maxGiven bounds what peers can make this server remember.
	maxGiven = 1024
)

// Patience is how long to wait for a reply: three round trips to the other side of the world,
// which is what a new connection with TLS needs. It does not depend on the interval, since how
// often peers are polled says nothing about how far away they are. It is shorter than a round,
// so that one silent peer does not use all of it up.
func (s Settings) Patience() time.Duration { return min(time.Second, s.roundTime()) }

// renewal is when a promise of that lifetime is renewed, after it was last asked for.
func renewal(lifetime time.Duration) time.Duration { return lifetime / 3 }

// roundTime bounds a round, so that no promise of its beginning ends before it does.
func (s Settings) roundTime() time.Duration { return s.Lifetime / 3 }
