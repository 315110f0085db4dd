package fleet

import (
	"context"
	"errors"
	"net/netip"
	"sync"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
)

const (
	// maxServers bounds how many servers others can make us ask: as many as one server takes
	// for its peers, and some.
	maxServers = 4096
	// atOnce bounds the descriptors that this takes.
	atOnce = 512
)

// source asks a server how it is.
type source interface {
	Status(ctx context.Context, address netip.AddrPort) (*server.Answer, error)
}

// reply is what came of asking at an address: an answer, or an error.
type reply struct {
	*server.Answer
	err error
}

// errNotAsked is of an address whose turn did not come.
var errNotAsked = errors.New("not asked: too many others did not answer in time")

// gathering is the asking of a fleet. All servers are asked at the same time, so that those
// that do not answer cost the time of one.
type gathering struct {
	source source
	slots  chan struct{}
	work   sync.WaitGroup

	mu      sync.Mutex
	replies map[netip.AddrPort]reply
	broken  error
}

// gather asks the servers at these addresses, the peers that they know, those that these know,
// and so on, until ctx ends.
func gather(ctx context.Context, from source, addresses []netip.AddrPort) (map[netip.AddrPort]reply, error) {
	g := &gathering{source: from, slots: make(chan struct{}, atOnce), replies: make(map[netip.AddrPort]reply)}
	g.ask(ctx, addresses)
	g.work.Wait()
	return g.replies, g.broken
}

// ask begins to ask at those addresses that were not asked yet.
func (g *gathering) ask(ctx context.Context, addresses []netip.AddrPort) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, address := range addresses {
		if _, found := g.replies[address]; found || len(g.replies) >= maxServers {
			continue
		}
		g.replies[address] = reply{err: errNotAsked}
		g.work.Go(func() {
			if err := cli.Guard(func() error { g.askOne(ctx, address); return nil }); err != nil {
				g.mu.Lock()
				g.broken = err
				g.mu.Unlock()
			}
		})
	}
}

func (g *gathering) askOne(ctx context.Context, address netip.AddrPort) {
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	case <-ctx.Done():
		return
	}
	answer, err := g.source.Status(ctx, address)
	g.mu.Lock()
	g.replies[address] = reply{answer, err}
	g.mu.Unlock()
	if err == nil {
		g.ask(ctx, peersOf(answer))
	}
}

// peersOf are the addresses of a server's peers.
func peersOf(a *server.Answer) (all []netip.AddrPort) {
	for _, p := range a.Peers {
		if address, ok := server.PeerAddress(p.Address); ok {
			all = append(all, address)
		}
	}
	return all
}
