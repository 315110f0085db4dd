package selfpreserve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

const (
	// tolerated is how many failures in a row a check may have before the server is unfit.
	tolerated = 2

	// rise is how many times in a row it then has to pass. A server that is sick under load
	// passes as soon as it has none.
	rise = 3
)

// check is one thing that has to be well for this server to be fit.
type check struct {
	name    string // as in metrics and /status, such as "canary example.org. A"
	look    func(context.Context) error
	isReady bool // it is a plugin's Ready, without which there are no answers

	busy   chan struct{} // closed when the last look that did not end in time has ended
	fails  int           // in a row
	passes int           // in a row
	sick   bool          // it has failed too often, and has not passed often enough since
	reason string        // of the last failure
	since  time.Duration // it is well, or is not
	looked bool
	passed bool // once
}

// checks are all of this server's.
type checks struct{ all []*check }

// add adds a check, or makes one that is there look at this as well: the same plugin in
// two server blocks is one check.
func (c *checks) add(name string, look func(context.Context) error) *check {
	for _, check := range c.all {
		if check.name == name {
			first := check.look
			check.look = func(ctx context.Context) error { return errors.Join(first(ctx), look(ctx)) }
			return check
		}
	}
	added := &check{name: name, look: look}
	c.all = append(c.all, added)
	return added
}

// addPlugin adds what a plugin of an enrolled server block says of itself.
func (c *checks) addPlugin(block string, h plugin.Handler) {
	if r, ok := h.(interface{ Ready() bool }); ok {
		c.add("ready "+h.Name(), func(context.Context) error {
			if !r.Ready() {
				return fmt.Errorf("not ready in %s", block)
			}
			return nil
		}).isReady = true
	}
	if v, ok := h.(interface{ Vital() error }); ok {
		c.add("vital "+h.Name(), func(context.Context) error { return v.Vital() })
	}
}

// inherit takes over what the checks before a reload have seen.
func (c *checks) inherit(before *checks) {
	for _, now := range c.all {
		for _, was := range before.all {
			if was.name == now.name {
				now.fails, now.reason, now.since = was.fails, was.reason, was.since
				now.looked, now.passed, now.sick, now.passes = was.looked, was.passed, was.sick, was.passes
			}
		}
	}
}

// run looks at all of them at once and returns the error of each, or nil.
func (c *checks) run(ctx context.Context) []error {
	errs := make([]error, len(c.all))
	var all sync.WaitGroup
	for i, check := range c.all {
		all.Go(func() { errs[i] = check.run(ctx) })
	}
	all.Wait()
	return errs
}

// run looks once. A plugin that does not answer is not waited for beyond ctx, nor asked
// again before it has answered; one that panics is not well.
func (c *check) run(ctx context.Context) error {
	if c.busy != nil {
		select {
		case <-c.busy:
		default:
			return fmt.Errorf("does not answer")
		}
	}
	done, result := make(chan struct{}), make(chan error, 1)
	c.busy = done
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				result <- fmt.Errorf("panicked: %v", r)
			}
		}()
		result <- c.look(ctx)
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("does not answer")
	}
}

// note takes the results of a run.
func (c *checks) note(now time.Duration, errs []error) promise.Fitness {
	f := promise.Fitness{Fit: true, AllPassed: true, PluginsReady: true}
	var why []string
	for i, check := range c.all {
		wasWell := check.fails == 0
		if errs[i] == nil {
			check.pass()
		} else {
			check.fails, check.passes, check.reason = check.fails+1, 0, wire.Line(strings.ReplaceAll(errs[i].Error(), "\n", "; "))
			check.sick = check.sick || check.fails > tolerated
			f.AllPassed = false
			f.PluginsReady = f.PluginsReady && !check.isReady
		}
		if !check.looked || wasWell != (check.fails == 0) {
			check.since = now
		}
		check.looked = true
		if check.sick {
			f.Fit = false
			why = append(why, check.name+": "+check.reason)
		}
	}
	f.Why = strings.Join(why, ", ")
	return f
}

// fit is whether this check lets the server be fit.
func (c *check) fit() bool { return c.passed && !c.sick }

// pass notes that a check has passed. The first time is enough: a server that starts is not
// kept waiting.
func (c *check) pass() {
	c.fails, c.passes = 0, c.passes+1
	if c.passes >= rise || !c.passed {
		c.sick = false
	}
	c.passed = true
	if !c.sick {
		c.reason = ""
	}
}

// check looks at all checks and at the load, and tells the machine.
func (n *node) check(ctx context.Context) {
	n.mu.Lock()
	checks, timeout := n.checks, n.conf.lookTime()
	n.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, timeout)
	errs := checks.run(ctx)
	stopped := ctx.Err() == context.Canceled
	cancel()
	if stopped {
		return // a reload or the end, and no failure
	}
	n.mu.Lock()
	f := checks.note(n.now(), errs)
	n.fitness = f
	n.tellChecks()
	n.showChecks()
	n.mu.Unlock()
	if n.queries.Load() > 0 {
		n.endTrial()
	}
	n.step(f)
	n.step(promise.LoadSeen{QPS: n.load()})
}

// lookTime bounds a look at the checks, and a question for the addresses of peers. What this
// server has to ask others for may be farther away than a short interval.
func (c *config) lookTime() time.Duration { return min(max(c.interval, time.Second), maxLook) }

// maxLook bounds it for intervals that are longer.
const maxLook = 2 * time.Second
