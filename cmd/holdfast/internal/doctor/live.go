package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/survey"
)

// ask asks the servers at the addresses, and their peers. That none of those that are given
// answers is an error.
func ask(ctx context.Context, addresses []string, timeout time.Duration) (*check.Live, error) {
	var given []string
	for _, a := range addresses {
		address, err := survey.HostPort(a)
		if err != nil {
			return nil, cli.Usage("--live %v", err)
		}
		if !slices.Contains(given, address) {
			given = append(given, address)
		}
	}
	var found []survey.Answer
	if err := cli.Guard(func() error { found = survey.Gather(ctx, given, timeout); return ctx.Err() }); err != nil {
		return nil, err
	}
	l := new(check.Live)
	for _, a := range found {
		s := check.LiveServer{Address: a.Address, Status: a.Status, Clock: a.Clock, Doubt: a.Doubt, Now: time.Now().Add(a.Clock)}
		if a.Err != nil {
			s.Why = a.Err.Error()
		}
		if len(a.Certificates) > 0 {
			s.Certificates = []check.Certificate{certificate(a.Address, a.Certificates[0])}
		}
		l.Servers = append(l.Servers, s)
	}
	if !slices.ContainsFunc(found, func(a survey.Answer) bool { return a.Status != nil }) {
		return nil, fmt.Errorf("%s: %w", found[0].Address, found[0].Err)
	}
	return l, nil
}
