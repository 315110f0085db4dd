package selfpreserve

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"

	"github.com/miekg/dns"
)

// What this server asks itself comes through its own listener, as a client's question does.
// Once a canary fails, errors would write a line of it in each interval, beside the one line that
// tells of the check. So a handler directly behind errors takes the error of an own question
// off, and the check has it as its reason.

// lateAnswer is for how long an own question is known after it was asked: an upstream may fail
// long after the check has given up.
const lateAnswer = 30 * time.Second

// ownQuestions are those that this process has asked itself.
type ownQuestions struct {
	mu    sync.Mutex
	asked map[ownQuestion]*ownAnswer
}

// ownQuestion tells a question from those of others: no two clients have the same address at
// the same time. The name does not, since rewrite may have changed it.
type ownQuestion struct {
	from netip.AddrPort
	id   uint16
}

type ownAnswer struct {
	at  time.Time
	err error
}

var askedItself ownQuestions

func questionFrom(address net.Addr, query *dns.Msg) (ownQuestion, bool) {
	from, err := netip.ParseAddrPort(address.String())
	return ownQuestion{netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), query.Id}, err == nil
}

// add notes a question that is about to be sent from address.
func (o *ownQuestions) add(address net.Addr, query *dns.Msg) {
	q, ok := questionFrom(address, query)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked == nil {
		o.asked = make(map[ownQuestion]*ownAnswer)
	}
	now := time.Now()
	for q, a := range o.asked {
		if now.Sub(a.at) > lateAnswer {
			delete(o.asked, q)
		}
	}
	o.asked[q] = &ownAnswer{at: now}
}

// fail notes why a question that has come from address was not answered, and returns false
// if it is somebody else's.
func (o *ownQuestions) fail(address net.Addr, query *dns.Msg, err error) bool {
	q, ok := questionFrom(address, query)
	if !ok {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.asked[q]
	if a != nil {
		a.err = err
	}
	return a != nil
}

// errorOf is why a question was not answered, as far as that is known.
func (o *ownQuestions) errorOf(address net.Addr, query *dns.Msg) error {
	q, _ := questionFrom(address, query)
	o.mu.Lock()
	defer o.mu.Unlock()
	if a := o.asked[q]; a != nil {
		return a.err
	}
	return nil
}

// ownErrors is the handler behind errors.
type ownErrors struct{ Next plugin.Handler }

// ServeDNS implements plugin.Handler.
func (o ownErrors) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if o.Next == nil {
		return plugin.NextOrFailure(pluginName, nil, ctx, w, r)
	}
	rcode, err := o.Next.ServeDNS(ctx, w, r)
	if err != nil && askedItself.fail(w.RemoteAddr(), r, err) {
		return rcode, nil
	}
	return rcode, err
}

// Name implements plugin.Handler.
func (o ownErrors) Name() string { return pluginName }

// beingRead is the Corefile that caddy reads now. It reads one directive of all server blocks
// after the other.
var beingRead struct {
	mu       sync.Mutex
	context  caddy.Context
	corefile *corefile
}

func init() { caddy.RegisterParsingCallback("dns", "errors", takeOwnErrors) }

// noteBeingRead is called by the setup of each server block.
func noteBeingRead(context caddy.Context, cf *corefile) {
	beingRead.mu.Lock()
	defer beingRead.mu.Unlock()
	beingRead.context, beingRead.corefile = context, cf
}

// takeOwnErrors is called when errors is read, and puts the handler behind it.
func takeOwnErrors(context caddy.Context) error {
	beingRead.mu.Lock()
	defer beingRead.mu.Unlock()
	if beingRead.context != context {
		return nil // it has no selfpreserve
	}
	for _, b := range beingRead.corefile.blocks {
		b.config.AddPlugin(func(next plugin.Handler) plugin.Handler { return ownErrors{next} })
	}
	beingRead.context, beingRead.corefile = nil, nil
	return nil
}
