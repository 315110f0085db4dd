package scenario

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/audience"
	"github.com/holdfastdns/holdfast/test/cluster/kube"
	"github.com/holdfastdns/holdfast/test/cluster/parts"
	"github.com/holdfastdns/holdfast/test/cluster/witness"
)

// Plan is what is run.
type Plan struct {
	Gate  bool   // only what the gate has time for
	Only  string // only what this regular expression finds
	On    string // only stock, or only Holdfast
	Times int    // each so often
}

// scene is something that happens to a cluster's DNS.
type scene struct {
	name string
	gate bool
	on   []side
	to   side // who serves afterwards, if that is another
	// before and after are for what is done while nobody listens.
	before, after func(context.Context, *lab) error
	do            func(context.Context, *lab, *outcome) error
	// forced is how many of Holdfast's servers may leave by force.
	forced int
	must   func(outcome) error // what has to be true of Holdfast, besides what has to be of every scene
}

// outcome is what came of a scene.
type outcome struct {
	scene  string
	side   side
	counts map[string]audience.Count // by how source ports are used
	left   witness.Left
	ready  int // the fewest servers that were ready
	serve  int // the fewest that answered, those that terminate among them
	took   time.Duration
	notes  []string
}

func (o *outcome) note(format string, args ...any) {
	o.notes = append(o.notes, fmt.Sprintf(format, args...))
}

// Run runs scenes, tells of each, and prints a table. It fails if what has to be true was
// not, and goes on till then.
func Run(ctx context.Context, c *kube.Cluster, p *parts.Parts, plan Plan, tell func(string, ...any)) error {
	only, err := regexp.Compile(plan.Only)
	if err != nil {
		return err
	}
	l, err := newLab(ctx, c, p)
	if err != nil {
		return err
	}
	var (
		all    []outcome
		failed int
	)
	for _, who := range []side{stock, holdfast} {
		for _, s := range scenes {
			if !s.has(who) || plan.On != "" && plan.On != string(who) || !only.MatchString(s.name) || plan.Gate && !s.gate {
				continue
			}
			for range plan.Times {
				o, err := l.play(ctx, s, who)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				all = append(all, o)
				tell("%s", o.line())
				if err != nil {
					err = fmt.Errorf("%s, %s: %w", s.name, who, err)
					tell("FAILED %v", err)
					failed++
					l.tellServers(tell)
					l.side = "" // it may be in any state
				}
			}
		}
	}
	tell("\n%s", table(all))
	if failed > 0 {
		return fmt.Errorf("%d of %d failed", failed, len(all))
	}
	return nil
}

func (s scene) has(who side) bool {
	for _, on := range s.on {
		if on == who {
			return true
		}
	}
	return false
}

// play has a scene happen to who, and judges what came of it.
func (l *lab) play(ctx context.Context, s scene, who side) (outcome, error) {
	o := outcome{scene: s.name, side: who}
	if err := l.deploy(ctx, who); err != nil {
		return o, err
	}
	if err := l.quiet(ctx); err != nil {
		return o, err
	}
	if s.before != nil {
		if err := s.before(ctx, l); err != nil {
			return o, err
		}
	}
	gone, begin := l.witness.Gone(), time.Now()
	var err error
	o.counts, err = l.during(ctx, func(ctx context.Context) error {
		err := s.do(ctx, l, &o)
		o.took = time.Since(begin)
		return err
	})
	o.left = l.witness.Left(gone)
	o.ready, o.serve = l.witness.Fewest(begin)
	switch {
	case err != nil:
		err = errors.Join(err, l.Repair(ctx))
	case who == holdfast || s.to == holdfast:
		err = o.judge(s)
	}
	if s.to != "" {
		l.side = s.to
	}
	if s.after != nil {
		err = errors.Join(err, s.after(ctx, l))
	}
	return o, err
}

// judge says what of Holdfast's promise was broken.
func (o outcome) judge(s scene) error {
	var broken []error
	if o.left.Forced > s.forced {
		broken = append(broken, fmt.Errorf("%d servers left by force, want %d at most", o.left.Forced, s.forced))
	}
	if s.must != nil {
		broken = append(broken, s.must(o))
	}
	return errors.Join(broken...)
}

// tellServers shows what the servers said that are there, or have gone lately.
func (l *lab) tellServers(tell func(string, ...any)) {
	all := l.witness.Servers()
	const enough = 8
	for _, s := range all[max(0, len(all)-enough):] {
		code := "-"
		if s.Code != nil {
			code = fmt.Sprint(*s.Code)
		}
		tell("  %s on %s, begun %s, gone %t, exit %s", s.Name, s.Node, s.Begun.UTC().Format(time.TimeOnly), s.Gone, code)
		for _, line := range s.Log {
			tell("    %s %s", line.At.UTC().Format("15:04:05.000"), line.Text)
		}
	}
}
