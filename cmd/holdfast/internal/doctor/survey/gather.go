package survey

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
)

// atOnce bounds how many servers are asked at one time, most how many in all.
const (
	atOnce = 64
	most   = 4096
)

// Gather asks the servers at the addresses, each as HostPort gives it, and all that these
// name as peers, and so on. A server that answers at several addresses is one answer. They
// are in the order of their addresses, those that were given first.
func Gather(ctx context.Context, addresses []string, timeout time.Duration) []Answer {
	client := newClient()
	defer client.CloseIdleConnections()
	asked, ids := make(map[string]bool), make(map[string]bool)
	var found []Answer
	for next := addresses; len(next) > 0 && ctx.Err() == nil; {
		var round []string
		for _, address := range next {
			if !asked[address] && len(asked) < most {
				asked[address] = true
				round = append(round, address)
			}
		}
		next = nil
		for _, a := range askAll(ctx, client, round, timeout) {
			if a.Status == nil {
				found = append(found, a)
				continue
			}
			for _, p := range a.Status.Peers {
				if _, ok := server.PeerAddress(p.Address); ok { // servers name no others
					next = append(next, p.Address)
				}
			}
			if id := string(a.Status.ID); !ids[id] {
				ids[id] = true
				found = append(found, a)
			}
		}
		slices.Sort(next)
	}
	given := func(a Answer) int {
		if i := slices.Index(addresses, a.Address); i >= 0 {
			return i
		}
		return len(addresses)
	}
	slices.SortStableFunc(found, func(a, b Answer) int {
		if x, y := given(a), given(b); x != y {
			return x - y
		}
		return strings.Compare(a.Address, b.Address)
	})
	return found
}

func askAll(ctx context.Context, client *http.Client, addresses []string, timeout time.Duration) []Answer {
	answers, places := make([]Answer, len(addresses)), make(chan struct{}, atOnce)
	var asking sync.WaitGroup
	for i, address := range addresses {
		places <- struct{}{}
		asking.Go(func() {
			defer func() { <-places }()
			err := cli.Guard(func() error { answers[i] = ask(ctx, client, address, timeout); return nil })
			if err != nil {
				answers[i] = Answer{Address: address, Err: err}
			}
		})
	}
	asking.Wait()
	return answers
}
