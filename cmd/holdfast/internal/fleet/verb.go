package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
)

// options are the flags.
type options struct {
	watch    bool
	wait     string
	interval time.Duration
	reach    server.Flags
	pods     podFlags
}

// Verb is the verb status.
func Verb(env *cli.Env) *cobra.Command {
	o := new(options)
	cmd := &cobra.Command{
		Use:   "status [ADDRESS...]",
		Short: "Show the whole fleet in one table",
		Long: `status asks a server which others it knows, asks those too, and so on, so one ADDRESS is
enough: an IP address or a name, with or without a port (8182). Without any it asks the server
on this host, 127.0.0.1. It shows each server in a row, and below the table how many are in
service and how many could leave now.

For a server that does not answer it shows what its peers last heard from it. HEARS is how many
of the others answer a server. Lines below the table name servers that get no answer from each
other, or do not know each other.

States: serving; asking, it wants to leave, and stays until enough peers promise to stay; aside,
it is out of service; starting; leaving; left, it said so and is gone, and is not counted;
unreachable; unusable, something else answers there.

With --kubernetes the pods are found by a label and asked through the API server, so it works
from wherever kubectl does. If the API server does not answer, the pods that it named last, or
each ADDRESS, are asked directly.

The exit code is 1 if a server is not in service, wants to leave, has a stale zone or one whose
primaries are all silent, or gets no answer from another. --timeout is for the whole command:
all servers are asked at once. With --wait the exit code is 0 once each ADDRESS is in that
state, and 1 if it is not when the time is up.`,
		Example: `  holdfast status
  holdfast status 192.0.2.1
  holdfast status ns1.example.org:8182 --ca ca.pem -o json
  holdfast status 192.0.2.1 --watch
  holdfast status 192.0.2.1 --wait serving --timeout 1m
  holdfast status --kubernetes k8s-app=kube-dns`,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := o.looker(env, args)
			if err != nil {
				return err
			}
			switch {
			case o.wait != "":
				return l.wait(cmd.Context(), o.wait)
			case o.watch:
				return l.watch(cmd.Context(), o.interval)
			}
			f, err := l.look(cmd.Context(), env.Timeout)
			if err != nil {
				return err
			}
			env.Print(f)
			return f.finding()
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.watch, "watch", false, "look again and again, until interrupted")
	flags.DurationVar(&o.interval, "interval", 2*time.Second, "how long --watch waits between two looks")
	flags.StringVar(&o.wait, "wait", "", "wait until each ADDRESS is in this `STATE`, or gone (left or unreachable)")
	o.reach.AddTo(flags)
	o.pods.addTo(flags)
	return cmd
}

// gone is what --wait calls left and unreachable.
const gone = "gone"

var waitable = []string{"starting", "serving", "asking", "aside", "leaving", gone}

// looker looks at a fleet.
type looker struct {
	env    *cli.Env
	client *server.Client
	source source
	given  []string
	pods   *pods // nil without --kubernetes

	first  []netip.AddrPort // what was given, as it was resolved last
	failed []error          // about the rest of it, likewise
}

func (o *options) looker(env *cli.Env, args []string) (*looker, error) {
	switch {
	case o.wait != "" && !slices.Contains(waitable, o.wait):
		return nil, cli.Usage("wait %q: want one of %s", o.wait, strings.Join(waitable, ", "))
	case o.wait != "" && o.watch:
		return nil, cli.Usage("--watch and --wait: want only one of them")
	case o.interval < 100*time.Millisecond:
		return nil, cli.Usage("interval %s: want at least 100ms", o.interval)
	}
	client, err := o.reach.Client()
	if err != nil {
		return nil, err
	}
	l := &looker{env: env, client: client, source: client, given: args}
	if o.pods.label != "" {
		l.pods, err = o.pods.connect(env, client)
		l.source = l.pods
	}
	return l, err
}

// look looks at the fleet once. The error is that nobody answers.
func (l *looker) look(ctx context.Context, timeout time.Duration) (*Fleet, error) {
	f, replies, err := l.lookAnyway(ctx, timeout)
	if err != nil {
		return nil, err
	}
	if f.answers() {
		return f, nil
	}
	var all []error
	for _, address := range l.first {
		all = append(all, fmt.Errorf("%s: %w", address, replies[address].err))
	}
	hint := ""
	switch {
	case len(l.given) == 0 && l.pods == nil:
		hint = "; give the ADDRESS of a server"
	case len(l.first) == 1: // with several it may be that there is no other
		hint = "; any other server of the fleet will do"
	}
	return nil, fmt.Errorf("%w%s", errors.Join(all...), hint)
}

func (l *looker) lookAnyway(ctx context.Context, timeout time.Duration) (*Fleet, map[netip.AddrPort]reply, error) {
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	addresses, failed, err := l.find(limited)
	if err != nil {
		return nil, nil, err
	}
	l.note(failed)
	l.first = addresses
	replies, err := gather(limited, l.source, addresses)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, nil, err
	}
	f := newFleet(replies, time.Now(), time.Since(begin))
	if l.pods != nil {
		l.pods.name(f)
	}
	return f, replies, nil
}

// note tells of errors, but not again of those of the look before.
func (l *looker) note(failed []error) {
	for _, err := range failed {
		if !slices.ContainsFunc(l.failed, func(before error) bool { return before.Error() == err.Error() }) {
			l.env.Notef("%v", err)
		}
	}
	l.failed = failed
}

// find returns what is asked first.
func (l *looker) find(ctx context.Context) (addresses []netip.AddrPort, failed []error, err error) {
	if l.pods == nil {
		return l.client.Resolve(ctx, l.given)
	}
	addresses, failed, err = l.pods.find(ctx)
	if err == nil || len(l.given) == 0 {
		return addresses, failed, err
	}
	addresses, more, failure := l.client.Resolve(ctx, l.given)
	return addresses, append(more, fmt.Errorf("%w; asking the addresses directly", err)), failure
}

func (f *Fleet) finding() error {
	if f.OK {
		return nil
	}
	return cli.Finding
}
