package probe

import (
	"context"
	"fmt"
	"strings"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/zone"
)

// findZone asks the servers, a few at once, for the zone that the name is in. A name that is
// not a zone is that of a heartbeat, and so is one that is written.
func (p *prober) findZone(ctx context.Context, servers []server) error {
	if p.zone != "" {
		return nil
	}
	const most = 16
	asked := servers[:min(most, len(servers))]
	type answer struct {
		server int
		zone   string
		err    error
	}
	told := make(chan answer, len(asked))
	finding, cancel := context.WithCancel(ctx)
	defer cancel()
	for i, s := range asked {
		go func() {
			a := answer{server: i}
			a.err = cli.Guard(func() (err error) {
				a.zone, err = zone.Of(finding, p.timeout, s.address, p.name)
				return err
			})
			told <- a
		}()
	}
	failed := make([]string, len(asked))
	for range asked {
		a := <-told
		if a.err != nil {
			failed[a.server] = a.err.Error()
			continue
		}
		p.zone = a.zone
		if p.zone != p.name || p.writes {
			p.records = append([]string{p.name}, p.records...)
		}
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("none of %d servers says which zone it has: %s", len(asked), strings.Join(failed, "; "))
}
