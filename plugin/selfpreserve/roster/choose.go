package roster

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Chance is a source of randomness, such as a *rand.Rand.
type Chance interface {
	Shuffle(n int, swap func(i, j int))
}

// Pick returns up to n peers to poll: those that were not for longest, drawn at random
// among equals, so that the few who answer are found among many who do not.
func (r *Roster) Pick(now time.Duration, chance Chance, n int) []netip.AddrPort {
	all := r.shuffled(chance)
	slices.SortStableFunc(all, func(a, b *peer) int { return cmp.Compare(a.polledAt, b.polledAt) })
	var picked []netip.AddrPort
	for _, p := range all[:min(n, len(all))] {
		p.polledAt = now
		picked = append(picked, p.Address)
	}
	return picked
}

func (r *Roster) shuffled(chance Chance) []*peer {
	all := r.found()
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// eagerness orders peers by how likely they promise.
var eagerness = map[string]int{promise.Serving.String(): 0, Unheard: 1, promise.Asking.String(): 2, Unreachable: 3}

// Candidates are the peers to ask for a promise: the likeliest first, in an
// order drawn at random among equals.
func (r *Roster) Candidates(chance Chance) []promise.Peer {
	rank := func(p *peer) int {
		if n, ok := eagerness[p.Status]; ok {
			return n
		}
		return len(eagerness) // not in service when last heard
	}
	all := slices.DeleteFunc(r.shuffled(chance), func(p *peer) bool { return p.self || p.leaving })
	slices.SortStableFunc(all, func(a, b *peer) int { return cmp.Compare(rank(a), rank(b)) })
	peers := make([]promise.Peer, len(all))
	for i, p := range all {
		peers[i] = promise.Peer{Address: p.Address.String(), ID: p.ID}
	}
	return peers
}
