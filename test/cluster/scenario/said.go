package scenario

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
	"github.com/holdfastdns/holdfast/test/cluster/witness"
)

// What servers write to their logs, as stalecheck's README.md and docs/operate.md list it.
const (
	isStale   = "Zone cluster.local. is stale"
	isFresh   = "Zone cluster.local. is fresh again"
	asideNow  = "Stepping aside, /ready is 503"
	backAgain = "Fit again and in service"
)

// said are the times at which servers wrote text, the first of each since begin.
func (l *lab) said(text string, begin time.Time, of func(witness.Server) bool) []time.Time {
	var all []time.Time
	for _, s := range l.witness.Servers() {
		if !of(s) {
			continue
		}
		for _, line := range s.Log {
			if line.At.After(begin) && strings.Contains(line.Text, text) {
				all = append(all, line.At)
				break
			}
		}
	}
	return all
}

func anybody(witness.Server) bool { return true }

func named(name string) func(witness.Server) bool {
	return func(s witness.Server) bool { return s.Name == name }
}

// hear waits until that many servers have written text, and tells how long after begin the
// last of them did.
func (l *lab) hear(ctx context.Context, n int, text string, begin time.Time, limit time.Duration, of func(witness.Server) bool) (time.Duration, error) {
	var took time.Duration
	err := kube.Until(ctx, limit, fmt.Sprintf("%d servers that say %q", n, text), func() (bool, error) {
		times := l.said(text, begin, of)
		for _, t := range times {
			took = max(took, t.Sub(begin))
		}
		return len(times) >= n, fmt.Errorf("%d do", len(times))
	})
	return took, err
}

// beats waits until every server knows the age of its zone, as by a heartbeat that it reads.
func (l *lab) beats(ctx context.Context) error {
	return kube.Until(ctx, time.Minute, "the heartbeat", func() (bool, error) {
		pods, err := l.servers(ctx)
		if err != nil {
			return false, err
		}
		for _, p := range pods {
			page, err := get(ctx, "http://"+p.Status.PodIP+":9153/metrics")
			if err != nil || !strings.Contains(page, `coredns_stalecheck_zone_status{status="fresh",zone="cluster.local."} 1`) {
				return false, err
			}
		}
		return true, nil
	})
}

// wait waits, and nothing else: for a fault that lasts.
func wait(ctx context.Context, d time.Duration) error {
	end := time.NewTimer(d)
	defer end.Stop()
	select {
	case <-end.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
