package selfpreserve

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"

	"github.com/miekg/dns"
)

// polledAtOnce is how many peers are polled in an interval, so that it costs the same in a
// fleet of 30 and of 300.
const polledAtOnce = 16

// staticPeers is the source of the peers whose addresses stand in the Corefile.
var staticPeers roster.Source

// lookup resolves a name through this server's own listener.
type lookup func(ctx context.Context, name string, qtype uint16) ([]netip.Addr, error)

// finds is whether a source of peers is in the Corefile and, if it is the list there, has
// address in it.
func (c *config) finds(by roster.Source, address netip.AddrPort) bool {
	if by == staticPeers {
		return slices.Contains(c.static, address)
	}
	return slices.Contains(c.names, peerName{by.Name, by.Port})
}

var addressTypes = []uint16{dns.TypeA, dns.TypeAAAA}

func (p peerName) source(qtype uint16) roster.Source {
	return roster.Source{Name: p.name, Port: p.port, Type: qtype}
}

// discover finds peers, polls some of them, and tells the machine who is there.
func (n *node) discover(ctx context.Context) {
	n.mu.Lock()
	conf, own := n.conf, n.own()
	n.mu.Unlock()

	var all sync.WaitGroup
	for _, name := range conf.names {
		all.Go(func() { n.resolve(ctx, name, own) })
	}
	all.Wait()

	n.mu.Lock()
	now := n.now()
	n.roster.Find(now, staticPeers, conf.static, own)
	n.roster.Forget(now)
	n.notePeerIPs()
	polled, me := n.roster.Pick(now, n.rng, polledAtOnce), n.me()
	n.mu.Unlock()
	for _, address := range polled {
		all.Go(func() { n.poll(ctx, address, me) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return
	}
	n.mu.Lock()
	now = n.now()
	n.tellPeers(now)
	n.recordPeers(now)
	n.tellLeftOut()
	seen := promise.PeersSeen{Peers: n.roster.Candidates(n.rng), KnownPeers: n.roster.KnownPeers(now), Jitter: n.rng.Float64()}
	n.mu.Unlock()
	n.step(seen)
}

// resolve takes a name's addresses of both families. What fails leaves those that were found
// before: no answer is not the answer that nobody is there. A name without any addresses is
// believed after a while.
func (n *node) resolve(ctx context.Context, name peerName, own ownership) {
	n.mu.Lock()
	timeout, lookUp := n.conf.lookTime(), n.lookUp
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	found, errs := make([][]netip.AddrPort, len(addressTypes)), make([]error, len(addressTypes))
	var both sync.WaitGroup
	for i, qtype := range addressTypes {
		both.Go(func() {
			ips, err := lookUp(ctx, name.name, qtype)
			for _, ip := range ips {
				found[i] = append(found[i], netip.AddrPortFrom(ip, name.port))
			}
			errs[i] = err
		})
	}
	both.Wait()
	if ctx.Err() == context.Canceled {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	empty := len(slices.Concat(found...)) == 0
	for i, qtype := range addressTypes {
		switch {
		case !empty && errs[i] == nil:
			n.roster.Find(n.now(), name.source(qtype), found[i], own)
		case empty && errors.Join(errs...) == nil:
			n.roster.FoundNobody(n.now(), name.source(qtype))
		}
	}
	n.tellName(name, empty, errs)
}

// poll asks one peer who it is and how it does, and tells it the same.
func (n *node) poll(ctx context.Context, address netip.AddrPort, me wire.Hello) {
	ctx, cancel := context.WithTimeout(ctx, n.conf.settings().Patience())
	defer cancel()
	it, err := n.client.hello(ctx, address.String(), me)
	if ctx.Err() == context.Canceled {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	defer n.showPeers()
	n.tellCertificate(address, err)
	if err != nil {
		n.roster.Silent(address)
		log.Debugf("Peer %s does not answer: %s", address, err)
		return
	}
	now := n.now()
	n.roster.Answered(now, address, it.ID, it.State)
	n.roster.Describe(address, aboutPeer(now, it))
	if it.LeavesOnPromises() {
		n.roster.LeavesOnPromises(it.ID)
	}
}

// aboutPeer is what a peer that has answered a poll says of itself.
func aboutPeer(now time.Duration, it wire.Hello) roster.About {
	about := roster.About{Server: it.Standing.Server(it.ID, it.State), Name: it.Name, State: it.State}
	if s := it.Standing; s != nil {
		about.Dated, about.Holdfast, about.Reason = true, s.Holdfast, s.Reason
		about.Since = now - time.Duration(s.For)*time.Millisecond
	}
	return about
}
