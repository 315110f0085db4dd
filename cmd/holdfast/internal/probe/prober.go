package probe

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// maxInFlight is how many rows are asked at once. Each has a socket.
const maxInFlight = 2048

// prober asks the servers of a zone in rounds.
type prober struct {
	finder     finder
	name       string   // of the zone, or of a heartbeat in it
	writes     bool     // name, which then is a heartbeat's
	records    []string // names of heartbeats
	transports []string
	vantage    string
	maxAge     time.Duration
	timeout    time.Duration // for one question
	spread     time.Duration // over which a round begins to ask
	now        func() time.Time

	zone     string // "" until a server has told
	memories map[row]*memory
	servers  []server // of the last round in which they could be found
}

// round asks all servers once. It is an error if there is nobody to ask.
func (p *prober) round(ctx context.Context) (*Round, error) {
	begin := p.now()
	servers, err := p.finder.find(ctx, p.name)
	if len(servers) == 0 {
		servers = p.servers // a resolver, or an API server, that is away hides nobody
	}
	if len(servers) == 0 {
		return nil, err
	}
	p.servers = servers
	if err := p.findZone(ctx, servers); err != nil {
		return nil, err
	}
	var rows []row
	for _, s := range servers {
		for _, transport := range p.transports {
			rows = append(rows, row{s, transport})
		}
	}
	looks, err := p.askAll(ctx, rows)
	if err != nil {
		return nil, err
	}
	now := p.now()
	r := &Round{Schema: cli.SchemaVersion, Zone: p.zone, Vantage: p.vantage, At: now.UTC(), Took: seconds(now.Sub(begin))}
	r.Servers, r.Newest = p.judge(rows, looks, now)
	r.sum()
	return r, nil
}

// askAll asks all rows at once, or one after the other if there are many, each a little later
// than the one before.
func (p *prober) askAll(ctx context.Context, rows []row) ([]look, error) {
	asker := asker{zone: p.zone, records: p.records, timeout: p.timeout, now: p.now}
	looks := make([]look, len(rows))
	free := make(chan struct{}, maxInFlight)
	pace := time.NewTimer(0)
	defer pace.Stop()
	var asking sync.WaitGroup
	var mu sync.Mutex
	var broken error
	begin := p.now()
	for i, r := range rows {
		free <- struct{}{}
		if wait := p.spread*time.Duration(i)/time.Duration(len(rows)) - p.now().Sub(begin); wait > 0 {
			pace.Reset(wait)
			select {
			case <-pace.C:
			case <-ctx.Done():
			}
		}
		asking.Go(func() {
			defer func() { <-free }()
			err := cli.Guard(func() error { looks[i] = asker.look(ctx, r); return nil })
			mu.Lock()
			defer mu.Unlock()
			broken = errors.Join(broken, err)
		})
	}
	asking.Wait()
	return looks, errors.Join(broken, ctx.Err())
}
