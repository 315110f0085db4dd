// Package order has the verbs about whether one server leaves: may-leave, which only asks, and
// the operator's orders leave, stay and resume.
package order

import (
	"context"
	"fmt"
	"io"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Departure is what may-leave prints.
type Departure struct {
	Schema   int    `json:"schema" jsonschema:"version of this schema"`
	Address  string `json:"address" jsonschema:"IP and port of the server"`
	Name     string `json:"name,omitempty" jsonschema:"of its host"`
	State    string `json:"state" jsonschema:"starting, serving, asking, aside or leaving"`
	MayLeave bool   `json:"may_leave" jsonschema:"whether it would go at once if it were told to leave now"`
	Why      string `json:"why" jsonschema:"it would, or would not"`
	MinPeers int    `json:"min_peers" jsonschema:"how many peers have to promise to stay"`
}

// WriteText writes one line.
func (d *Departure) WriteText(w io.Writer, paint cli.Paint) {
	says := paint(cli.Good, "may leave")
	if !d.MayLeave {
		says = paint(cli.Bad, "may not leave now")
	}
	fmt.Fprintf(w, "%s %s: %s\n", label(d.Address, d.Name), says, d.Why)
}

func label(address, name string) string {
	if name == "" {
		return address
	}
	return address + " (" + name + ")"
}

// MayLeave is the verb may-leave.
func MayLeave(env *cli.Env) *cobra.Command {
	reach := new(server.Flags)
	cmd := &cobra.Command{
		Use:   "may-leave ADDRESS",
		Short: "Ask whether a server could leave now",
		Long: `may-leave asks the server at ADDRESS whether it would go at once if it got SIGTERM now:
whether enough of its peers would promise to stay. It changes nothing and commits nobody: a
minute later the answer may be different.

The exit code is 0 if it would go at once, and 1 if it would be held. A script can ask before
it stops a server, and go on to the next one once this one is back.`,
		Example: `  holdfast may-leave 192.0.2.1
  holdfast may-leave 192.0.2.1:8182 -o json`,
		Args: cli.Arguments(1, 1, "want one ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, answer, err := one(cmd.Context(), env, reach, args[0], (*server.Client).Status)
			if err != nil {
				return err
			}
			d, err := departureOf(address, answer)
			if err != nil {
				return err
			}
			env.Print(d)
			if !d.MayLeave {
				return cli.Finding
			}
			return nil
		},
	}
	reach.AddTo(cmd.Flags())
	return cmd
}

// one asks the one server that is given.
func one(ctx context.Context, env *cli.Env, reach *server.Flags, given string,
	ask func(*server.Client, context.Context, netip.AddrPort) (*server.Answer, error)) (address netip.AddrPort, answer *server.Answer, err error) {
	client, err := reach.Client()
	if err != nil {
		return address, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, env.Timeout)
	defer cancel()
	addresses, _, err := client.Resolve(limited, []string{given})
	if err != nil {
		return address, nil, err
	}
	if len(addresses) > 1 {
		return address, nil, cli.Usage("%s has %d addresses: want the address of one server", given, len(addresses))
	}
	address = addresses[0]
	if answer, err = ask(client, limited, address); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return address, nil, fmt.Errorf("%s: %w", address, err)
	}
	return address, answer, nil
}

func departureOf(address netip.AddrPort, a *server.Answer) (*Departure, error) {
	if !a.Departure.OK && a.Departure.Why == "" {
		return nil, fmt.Errorf("%s: it does not say whether it could leave: its Holdfast is too old", address)
	}
	d := &Departure{Schema: cli.SchemaVersion, Address: address.String(), Name: a.Name, State: a.State.String(),
		MayLeave: a.Departure.OK, Why: a.Departure.Why, MinPeers: a.MinPeers}
	switch {
	case !d.MayLeave:
	case a.State == promise.Leaving:
		d.Why = "it is leaving"
	case a.State == promise.Starting:
		d.Why = "it is not in service yet"
	case a.State == promise.Aside:
		d.Why = "it is already out of service"
	case a.KnownPeers == 0:
		d.Why = "it has no peers to ask"
	default:
		d.Why = fmt.Sprintf("enough peers would promise to stay: at least %d", a.MinPeers)
	}
	return d, nil
}
