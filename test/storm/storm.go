// Package storm simulates clients that ask again exactly when a TTL ends, to show how
// the queries of many fall on the same second and what a TTL policy does about it.
// The policy is the plugin's own code, ttlfloor.Policy.
package storm

import (
	"math/rand/v2"

	"github.com/holdfastdns/holdfast/plugin/ttlfloor"
)

// Scenario is one simulated population. Times are whole seconds.
type Scenario struct {
	Clients int              // each asks for one name, whenever its TTL ends
	TTL     int              // of the authority; 0: it says 0 and no cache keeps that
	KeepTTL bool             // the cache answers with the TTL that it got, as cache keepttl
	Policy  *ttlfloor.Policy // nil: TTLs go out as they are
	Warmup  int              // before counting starts
	Counted int              // how long is counted
	Seed    uint64
}

// Result is what the server saw while it was counted.
type Result struct {
	Mean    float64 // queries a second
	Busiest int     // queries in the busiest second
}

// Peak is how many times the mean the busiest second had.
func (r Result) Peak() float64 { return float64(r.Busiest) / r.Mean }

// Run simulates s. The server in front of the clients has one cache entry, which
// counts down, is fetched again by the first query after its end, and is never
// answered with 0: so does CoreDNS's cache (plugin/cache, item.ttl). The clients begin
// in one second, as after an outage or a rollout.
func (s Scenario) Run() Result {
	rng := rand.New(rand.NewPCG(s.Seed, 0)) // #nosec G404 -- a simulation
	const horizon = 2 * 3600 * 2            // longest TTL here: an hour and its jitter
	due := make([]int, horizon)             // clients due in a second, as a ring
	due[0] = s.Clients
	fetched := -s.TTL
	var total, busiest int
	for now := range s.Warmup + s.Counted {
		asking := due[now%horizon]
		due[now%horizon] = 0
		if now >= s.Warmup {
			total += asking
			busiest = max(busiest, asking)
		}
		if asking > 0 && now-fetched >= s.TTL {
			fetched = now
		}
		left := s.TTL - (now - fetched)
		if s.KeepTTL {
			left = s.TTL
		}
		for range asking {
			ttl := uint32(left) // #nosec G115 -- within 0 and TTL
			if s.Policy != nil {
				ttl, _ = s.Policy.TTL(ttl, ttlfloor.NewDraw(rng.Uint64()))
			}
			// Who gets 0 asks at once, faster than this clock ticks: once a second is
			// the least that it can mean.
			due[(now+max(int(ttl), 1))%horizon]++
		}
	}
	return Result{Mean: float64(total) / float64(s.Counted), Busiest: busiest}
}
