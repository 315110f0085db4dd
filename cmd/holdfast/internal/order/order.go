package order

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// Taken is what leave, stay and resume print: the state of the server after the order.
type Taken struct {
	Schema    int    `json:"schema" jsonschema:"version of this schema"`
	Address   string `json:"address" jsonschema:"IP and port of the server"`
	Name      string `json:"name,omitempty" jsonschema:"of its host"`
	Order     string `json:"order" jsonschema:"what was ordered: leave, stay or resume"`
	State     string `json:"state" jsonschema:"after it: starting, serving, asking, aside or leaving"`
	InService bool   `json:"in_service" jsonschema:"whether clients are to be sent to it"`
	Why       string `json:"why,omitempty" jsonschema:"it is in that state"`
}

// WriteText writes one line.
func (t *Taken) WriteText(w io.Writer, paint cli.Paint) {
	where := paint(cli.Odd, "out of service")
	if t.InService {
		where = paint(cli.Good, "in service")
	}
	text := fmt.Sprintf("%s accepted the order %s: it is %s, %s", label(t.Address, t.Name), t.Order, t.State, where)
	if t.Why != "" {
		text += "; " + t.Why
	}
	fmt.Fprintln(w, text)
}

// The verbs.
var (
	Leave = verb(promise.Leave, "Take a server out of service, however few promise to stay",
		`leave takes the server at ADDRESS out of service even if too few of its peers promise to stay.
If SIGTERM is held it exits. Otherwise it steps aside: /ready is 503 until resume, even when
it is fit again.

This overrides the rule: it is up to you whether enough servers are left. may-leave says what
the rule would do.`, "rack 4 loses its power at noon")
	Stay = verb(promise.Stay, "Keep a server in service, whatever happens",
		`stay keeps the server at ADDRESS in service, fit or not, until resume or a restart. A SIGTERM
that is held still takes effect after max_hold.`, "the other site is being moved")
	Resume = verb(promise.Resume, "Let the rule decide for a server again",
		"resume ends leave or stay: the rule decides for the server at ADDRESS again.", "the move is over")
)

const who = `

It needs control in the server's Corefile. Orders are accepted from loopback on the server's
own host, or with --cert and --key if the certificate is signed by the CA that tls names in the
Corefile. TEXT is logged, and until resume it is shown to everybody who looks at the fleet.`

func verb(kind promise.OverrideKind, short, long, reason string) cli.Verb {
	return func(env *cli.Env) *cobra.Command {
		reach, text := new(server.Flags), ""
		cmd := &cobra.Command{
			Use:     string(kind) + " ADDRESS --reason TEXT",
			Short:   short,
			Long:    long + who,
			Example: fmt.Sprintf("  holdfast %s 127.0.0.1 --reason '%s'", kind, reason),
			Args:    cli.Arguments(1, 1, "want one ADDRESS"),
			RunE: func(cmd *cobra.Command, args []string) error {
				order := wire.Control{Action: kind, Reason: text}
				if _, err := order.Override(); err != nil {
					return cli.Usage("%w", err)
				}
				address, answer, err := one(cmd.Context(), env, reach, args[0],
					func(c *server.Client, ctx context.Context, address netip.AddrPort) (*server.Answer, error) {
						answer, err := c.Order(ctx, address, order)
						return answer, why(err)
					})
				if err != nil {
					return err
				}
				env.Print(&Taken{Schema: cli.SchemaVersion, Address: address.String(), Name: answer.Name, Order: string(kind),
					State: answer.State.String(), InService: answer.InService, Why: answer.Reason})
				return nil
			},
		}
		cmd.Flags().StringVar(&text, "reason", "", "`TEXT` that tells others why, on one line")
		reach.AddTo(cmd.Flags())
		return cmd
	}
}

// why says of an order that is not taken what the server says of it.
func why(err error) error {
	refused, ok := errors.AsType[*server.Refused](err)
	switch {
	case !ok:
		return err
	case refused.Status == http.StatusNotFound:
		return fmt.Errorf("%w: its Holdfast is too old for orders, or something else answers there", err)
	case refused.Text == "":
		return err
	}
	return errors.New(refused.Text)
}
