package heartbeat

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// defaultInterval is four beats in stalecheck's max_age of 60 s.
const defaultInterval = 15 * time.Second

// State is what the writer is.
type State string

// The states.
const (
	Written State = "written"
	CutOff  State = "cut off"
)

// Change is what the verb prints at its start and whenever the state changes.
type Change struct {
	Schema int       `json:"schema" jsonschema:"version of this schema"`
	Name   string    `json:"name" jsonschema:"of the record"`
	To     string    `json:"to" jsonschema:"address of the primary, or the Service"`
	State  State     `json:"state" jsonschema:"written, or cut off"`
	At     time.Time `json:"at" jsonschema:"when"`
	Why    string    `json:"why,omitempty" jsonschema:"why it is cut off"`
	After  float64   `json:"after_seconds,omitempty" jsonschema:"for how long it was cut off"`
}

// WriteText writes one line.
func (c *Change) WriteText(w io.Writer, paint cli.Paint) {
	switch {
	case c.State == CutOff:
		fmt.Fprintf(w, "%s %s\n", paint(cli.Bad, "cut off:"), c.Why)
	case c.After > 0:
		fmt.Fprintf(w, "%s %s again, after %.0fs\n", paint(cli.Good, "written:"), c.Name, c.After)
	default:
		fmt.Fprintf(w, "%s %s, to %s\n", paint(cli.Good, "written:"), c.Name, c.To)
	}
}

// Verb is the verb heartbeat.
func Verb(env *cli.Env) *cobra.Command {
	where := new(Where)
	once, interval := false, defaultInterval
	cmd := &cobra.Command{
		Use:   "heartbeat NAME",
		Short: "Write the time into a record, so that its age tells how old data is",
		Long: `heartbeat writes the current time in seconds into the TXT record NAME of a primary, by UPDATE
(RFC 2136), or with --kubernetes into the ExternalName Service that NAME belongs to. Every
server that answers for NAME then tells how old its data is: stalecheck and probe read it.

Several writers may write the same record: none sets the time back. One that finds a time
more than a minute ahead of its clock writes nothing and says so once, like a writer that is
cut off, and resumes when it can. The record must be used for nothing else: one that holds
anything but a time is left alone.

A primary should accept only signed updates. The key is read from a file or from HOLDFAST_TSIG
in the environment, never from an argument, which all users of a machine can see.`,
		Example: `  holdfast heartbeat heartbeat.example.org --primary 192.0.2.1 --tsig-file heartbeat.key
  holdfast heartbeat heartbeat.kube-system.svc.cluster.local --kubernetes --once`,
		Args: cli.Arguments(1, 1, "want one NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if interval < time.Second {
				return cli.Usage("interval %s: want at least 1s, since a heartbeat has whole seconds", interval)
			}
			writer, err := where.Writer(args[0], env.Timeout)
			if err != nil {
				return err
			}
			b := &beater{env: env, writer: writer, name: dns.CanonicalName(args[0]), interval: interval}
			if once {
				err := writer.Write(cmd.Context(), time.Now())
				if err == nil {
					b.print(Written, "", 0)
				}
				return err
			}
			return b.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&once, "once", false, "write once")
	flags.DurationVar(&interval, "interval", defaultInterval, "how long to wait between two writes")
	flags.BoolVar(&where.Kubernetes, "kubernetes", false, "write an ExternalName Service")
	where.AddFlags(flags)
	return cmd
}

// beater writes until it is ended.
type beater struct {
	env      *cli.Env
	writer   Writer
	name     string
	interval time.Duration
}

// run goes on whatever happens. What cannot be written now may be in a minute.
func (b *beater) run(ctx context.Context) error {
	state, since := State(""), time.Now()
	tick := time.NewTicker(b.interval)
	defer tick.Stop()
	for {
		err := b.writer.Write(ctx, time.Now())
		if ctx.Err() != nil {
			return ended(state)
		}
		switch {
		case err == nil && state != Written:
			after := time.Duration(0)
			if state == CutOff {
				after = time.Since(since)
			}
			state = Written
			b.print(state, "", after)
		case err != nil && state != CutOff:
			state, since = CutOff, time.Now()
			b.print(state, err.Error(), 0)
		}
		if err := b.env.Broken(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ended(state)
		case <-tick.C:
		}
	}
}

// ended is what the verb returns when it is interrupted.
func ended(state State) error {
	if state == CutOff {
		return cli.Finding
	}
	return nil
}

func (b *beater) print(state State, why string, after time.Duration) {
	b.env.Print(&Change{Schema: cli.SchemaVersion, Name: b.name, To: b.writer.String(), State: state, At: time.Now().UTC(),
		Why: cli.OneLine(why), After: after.Seconds()})
}
