package probe

import (
	"context"
	"errors"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// secondLook is how long a change has to reach all servers before --once calls one behind.
const secondLook = 2 * time.Second

// run asks once, or in rounds until it is interrupted.
func (p *prober) run(ctx context.Context, env *cli.Env, o *options) error {
	if o.once || env.Nagios() {
		return p.runOnce(ctx, env, o)
	}
	var metrics exporter
	if o.listen != "" {
		address, err := metrics.listen(ctx, o.listen)
		if err != nil {
			return err
		}
		env.Notef("metrics at http://%s/metrics", address)
	}
	// All questions of a round end within it: each may wait for half of it, and the last
	// begins in the middle.
	p.timeout = min(p.timeout, o.interval/(2*time.Duration(2+len(p.records))))
	p.spread = o.interval / 2
	var last *Round
	failed := ""
	tick := time.NewTicker(o.interval)
	defer tick.Stop()
	for {
		r, err := p.round(ctx)
		if ctx.Err() != nil {
			return ending(last)
		}
		switch {
		case err == nil:
			p.write(ctx, o, r)
			last, failed = r, ""
			metrics.last.Store(r)
			env.Print(r)
		case last == nil && o.listen == "":
			return err
		case failed != err.Error(): // once, until it changes
			failed = err.Error()
			env.Notef("no round: %s", failed)
		}
		if err := env.Broken(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ending(last)
		case <-tick.C:
		}
	}
}

// ending is the exit of rounds that were interrupted: what the last has found.
func ending(last *Round) error {
	if last == nil || last.OK() {
		return nil
	}
	return cli.Finding
}

func (p *prober) runOnce(ctx context.Context, env *cli.Env, o *options) error {
	r, err := p.round(ctx)
	if err != nil {
		return err
	}
	if r.differs() {
		again := time.NewTimer(secondLook)
		defer again.Stop()
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if r, err = p.round(ctx); err != nil {
			return err
		}
	}
	p.write(ctx, o, r)
	if env.Nagios() {
		return env.PrintNagios(r.nagios(p.maxAge.Seconds()))
	}
	env.Print(r)
	return errors.Join(env.Broken(), ending(r))
}

// differs is whether a server has other data than the newest. One round cannot tell for how
// long.
func (r *Round) differs() bool {
	newest := make(map[string]time.Time)
	for _, s := range r.Servers {
		if s.Serial != nil && r.Newest != nil && *s.Serial != *r.Newest {
			return true
		}
		for _, record := range s.Records {
			if record.At == nil {
				continue
			}
			if at, ok := newest[record.Name]; ok && !at.Equal(*record.At) {
				return true
			}
			newest[record.Name] = *record.At
		}
	}
	return false
}

// write writes the heartbeat after all servers were asked, so that it has an interval to
// reach them.
func (p *prober) write(ctx context.Context, o *options, r *Round) {
	if o.writer == nil {
		return
	}
	r.Write = &Write{Name: p.name}
	now := p.now()
	if err := o.writer.Write(ctx, now); err != nil {
		r.Write.Error = cli.OneLine(err.Error())
	} else {
		for _, m := range p.memories { // there is newer data now, before anybody shows it
			m.beats[0].ObserveReference(0, unix(now), "", now)
		}
	}
	r.sum()
}
