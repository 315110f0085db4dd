package selfpreserve

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// remembered is how long a peer that is not found any more counts as known, so that a
// sudden loss does not lower the bar of a percentage.
const remembered = 10 * time.Minute

// unreachable is the status of a peer that did not answer its last poll, and unheard of
// one that was not polled yet. The others are the names of states.
const (
	unreachable = "unreachable"
	unheard     = "unheard"
)

// roster is who else is there. Like the machine it has neither clock nor socket.
type roster struct{ peers map[netip.AddrPort]*peer }

// peer is another server at one address.
type peer struct {
	address    netip.AddrPort
	found      map[string]bool // by what: the static list, or a name and a type
	seen       time.Duration   // when it was last found
	serverName string          // that its certificate has to have
	self       bool            // it answered with our own id, or has not yet at an address of this host
	id         promise.ID      // "" before it has answered
	status     string          // a state's name, unreachable or unheard
	left       bool            // it said that it leaves
	polled     time.Duration   // when it was last picked to be polled
	heard      time.Duration   // when it last answered, if it has an id
	silent     int             // polls in a row that it did not answer
}

func newRoster() *roster { return &roster{peers: make(map[netip.AddrPort]*peer)} }

// find sets the addresses that by has found, in place of those it found before. Own
// addresses, of either family, are left out before anything is counted or cut.
func (r *roster) find(now time.Duration, by, serverName string, addresses []netip.AddrPort, isSelf selfTest) {
	for _, p := range r.peers {
		delete(p.found, by)
	}
	for _, address := range addresses {
		address = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
		who := isSelf(address)
		if who == isOwn {
			continue
		}
		p := r.peers[address]
		if p == nil {
			p = &peer{address: address, found: make(map[string]bool), status: unheard, self: who == mayBeOwn}
			r.peers[address] = p
		}
		p.found[by], p.seen, p.serverName = true, now, serverName
	}
}

// keepOnly drops who was found by a name, or stood in a list, that a reload has taken
// out. Who is not found any more, and only remembered, stays so.
func (r *roster) keepOnly(by []string, static []netip.AddrPort) {
	maps.DeleteFunc(r.peers, func(address netip.AddrPort, p *peer) bool {
		was := len(p.found) > 0
		maps.DeleteFunc(p.found, func(found string, _ bool) bool {
			return !slices.Contains(by, found) || found == staticPeers && !slices.Contains(static, address)
		})
		return was && len(p.found) == 0
	})
}

// answered notes the answer of the peer at address to a poll.
func (r *roster) answered(now time.Duration, address netip.AddrPort, own, id promise.ID, state promise.State) {
	if p := r.peers[address]; p != nil {
		p.self = id == own
		p.id = id
		p.says(now, state)
	}
}

// isNow notes the process that has promised at address: another than when it was last
// polled, if it has restarted.
func (r *roster) isNow(address string, id promise.ID) {
	a, err := netip.ParseAddrPort(address)
	if p := r.peers[a]; err == nil && p != nil && p.id != "" && !p.self {
		p.id = id
	}
}

// silent notes that the peer at address did not answer a poll.
func (r *roster) silent(address netip.AddrPort) {
	if p := r.peers[address]; p != nil {
		p.status = unreachable
		p.silent++
	}
}

// told notes what the process id has said of itself in a poll of its own.
func (r *roster) told(now time.Duration, id promise.ID, state promise.State) {
	for _, p := range r.peers {
		switch {
		case p.id != id:
		case p.silent == 0:
			p.says(now, state)
		default: // it reaches us, but not we it
			p.left = p.left || state == promise.Leaving
		}
	}
}

func (p *peer) says(now time.Duration, state promise.State) {
	p.status, p.left, p.heard, p.silent = state.String(), state == promise.Leaving, now, 0
}

// known is whether p counts for a percentage: it is found, or has answered and was found
// within the last ten minutes.
func (p *peer) known(now time.Duration) bool {
	return !p.self && (len(p.found) > 0 || p.id != "" && now-p.seen < remembered)
}

// forget drops who does not count any more.
func (r *roster) forget(now time.Duration) {
	maps.DeleteFunc(r.peers, func(_ netip.AddrPort, p *peer) bool { return len(p.found) == 0 && !p.known(now) })
}

// has is whether a peer has that IP address.
func (r *roster) has(now time.Duration, ip netip.Addr) bool {
	for address, p := range r.peers {
		if address.Addr().WithZone("") == ip.Unmap().WithZone("") && (p.known(now) || p.self && p.id == "") {
			return true
		}
	}
	return false
}

// pick returns up to n peers to poll: those that were not for longest, drawn at random
// among equals, so that the few who answer are found among many who do not.
func (r *roster) pick(now time.Duration, rng *rand.Rand, n int) []*peer {
	all := r.shuffled(rng)
	slices.SortStableFunc(all, func(a, b *peer) int { return cmp.Compare(a.polled, b.polled) })
	all = all[:min(n, len(all))]
	for _, p := range all {
		p.polled = now
	}
	return all
}

func (r *roster) shuffled(rng *rand.Rand) []*peer {
	all := r.sorted()
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// sorted are the peers that are found now, by their address, and those that turned out
// to be ourselves: somebody else may have that address later.
func (r *roster) sorted() []*peer {
	var all []*peer
	for _, p := range r.peers {
		if len(p.found) > 0 {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *peer) int { return a.address.Compare(b.address) })
	return all
}

// eagerness orders peers by how likely they promise.
var eagerness = map[string]int{promise.Serving.String(): 0, unheard: 1, promise.Asking.String(): 2, unreachable: 3}

// candidates are the peers that may be asked for a promise: the likeliest first, in an
// order drawn at random among equals.
func (r *roster) candidates(rng *rand.Rand) []promise.Peer {
	rank := func(p *peer) int {
		if n, ok := eagerness[p.status]; ok {
			return n
		}
		return len(eagerness) // not in service when last seen
	}
	all := slices.DeleteFunc(r.shuffled(rng), func(p *peer) bool { return p.self || p.left })
	slices.SortStableFunc(all, func(a, b *peer) int { return cmp.Compare(rank(a), rank(b)) })
	peers := make([]promise.Peer, len(all))
	for i, p := range all {
		peers[i] = promise.Peer{Address: p.address.String(), ID: p.id}
	}
	return peers
}

// serverName is what the certificate of the peer at address has to name: the name that
// it was found by, or its address.
func (n *node) serverName(address string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, err := netip.ParseAddrPort(address)
	if p := n.roster.peers[a]; err == nil && p != nil && p.serverName != "" {
		return p.serverName
	}
	return a.Addr().WithZone("").String()
}
