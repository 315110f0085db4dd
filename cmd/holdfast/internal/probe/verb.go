// Package probe is the verb probe: it asks every server of a zone how old its data is. servers.go
// finds the servers, look.go asks one, judge.go holds all answers of a round against each
// other, and text.go, nagios.go and metrics.go show what came of it.
package probe

import (
	"context"
	"net"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/heartbeat"
)

// options are the flags.
type options struct {
	once, write                  bool
	interval, maxAge             time.Duration
	heartbeats, transports       []string
	port, resolver, listen       string
	selector, namespace, vantage string
	where                        heartbeat.Where
	writer                       heartbeat.Writer
}

// Verb is the verb probe.
func Verb(env *cli.Env) *cobra.Command {
	o := new(options)
	cmd := &cobra.Command{
		Use:   "probe ZONE|NAME [SERVER...]",
		Short: "Ask every server of a zone how old its data is",
		Long: `probe asks every server of a zone, over UDP and TCP and at each of its IPv4 and IPv6
addresses, for the SOA record, and for the heartbeat if NAME is one. It shows for each how
old its data is and for how long another server has had newer data.

SERVER is an address or a name, with a port or without. Without any, the zone's NS records
name the servers; with --kubernetes, a label of pods does.

States: fresh; unknown, its heartbeat cannot be read; behind, another server has had newer
data since an earlier round; stale, behind or old by more than --max-age; down, it gives no
usable answer. The exit code is 1 unless all servers are fresh in the last round.

A round asks a server twice before it calls an answer lost. With --once a second round
follows if a server differs from the others: a change takes a moment to reach all.

With --write each round ends by writing the heartbeat NAME as the verb heartbeat does, to
--primary or to Kubernetes. Each vantage point writes a NAME of its own, and reads those of
the others with --heartbeat.`,
		Example: `  holdfast probe example.org
  holdfast probe heartbeat.example.org ns1.example.org 192.0.2.1 [2001:db8::1]:5353
  holdfast probe heartbeat.example.org 192.0.2.1 192.0.2.2 --once -o json
  holdfast probe example.org 192.0.2.1 --nagios
  holdfast probe paris.example.org --heartbeat tokyo.example.org --write --primary 192.0.2.1 --tsig-file paris.key --listen 127.0.0.1:9153
  holdfast probe heartbeat.kube-system.svc.cluster.local --kubernetes k8s-app=kube-dns`,
		Args: cli.Arguments(1, -1, "want ZONE or NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := o.prober(env, args)
			if err != nil {
				return err
			}
			return p.run(cmd.Context(), env, o)
		},
	}
	env.AddNagios(cmd.Flags())
	o.addFlags(cmd)
	return cmd
}

func (o *options) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&o.once, "once", false, "end after one round")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "how long a round lasts")
	flags.DurationVar(&o.maxAge, "max-age", time.Minute, "a server whose age or lag exceeds this is stale")
	flags.StringArrayVar(&o.heartbeats, "heartbeat", nil, "`NAME` of another heartbeat, such as that of another vantage point; may be repeated")
	flags.StringSliceVar(&o.transports, "transport", []string{"udp", "tcp"}, "udp, tcp or both")
	flags.StringVar(&o.port, "port", "53", "port of servers given without one")
	flags.StringVar(&o.resolver, "resolver", "", "`ADDRESS` of a resolver for names, IP or IP:port, instead of the system's")
	flags.StringVar(&o.selector, "kubernetes", "", "ask the pods with this `LABEL`, such as k8s-app=kube-dns")
	flags.StringVarP(&o.namespace, "namespace", "n", "kube-system", "namespace of the pods")
	flags.StringVar(&o.listen, "listen", "", "serve Prometheus metrics at `ADDRESS`, such as :9153")
	flags.StringVar(&o.vantage, "vantage", "", "`NAME` of this vantage point in output and metrics (default the host's name)")
	flags.BoolVar(&o.write, "write", false, "write the heartbeat NAME at the end of each round")
	o.where.AddFlags(flags)
}

// prober checks the flags and makes a prober of them.
func (o *options) prober(env *cli.Env, args []string) (*prober, error) {
	if _, ok := dns.IsDomainName(args[0]); !ok || args[0] == "" {
		return nil, cli.Usage("%q is not a domain name: want a ZONE, or the NAME of a heartbeat", args[0])
	}
	switch {
	case o.interval < time.Second:
		return nil, cli.Usage("interval %s: want at least 1s", o.interval)
	case o.maxAge < time.Second:
		return nil, cli.Usage("max-age %s: want at least 1s", o.maxAge)
	case !utf8.ValidString(o.vantage):
		return nil, cli.Usage("vantage %q is not UTF-8: want a name such as paris", o.vantage)
	case len(o.transports) == 0 || slices.ContainsFunc(o.transports, func(t string) bool { return t != "udp" && t != "tcp" }):
		return nil, cli.Usage("transport %q: want udp, tcp or udp,tcp", o.transports)
	case o.selector != "" && len(args) > 1:
		return nil, cli.Usage("both servers %q and --kubernetes: want one of them", args[1:])
	case o.once && o.listen != "":
		return nil, cli.Usage("--listen with --once: nothing could scrape it")
	case env.Nagios() && o.listen != "":
		return nil, cli.Usage("--listen with --nagios, which ends after one round")
	}
	p := &prober{name: dns.CanonicalName(args[0]), transports: slices.Compact(slices.Sorted(slices.Values(o.transports))), vantage: o.vantage, maxAge: o.maxAge,
		timeout: env.Timeout, now: time.Now, finder: finder{port: o.port, given: args[1:], timeout: env.Timeout}}
	slices.Reverse(p.transports) // udp first
	for _, name := range o.heartbeats {
		if _, ok := dns.IsDomainName(name); !ok {
			return nil, cli.Usage("heartbeat %q is not a domain name", name)
		}
		p.records = append(p.records, dns.CanonicalName(name))
	}
	if p.vantage == "" {
		p.vantage, _ = os.Hostname() // without one it stays empty
	}
	resolver := o.resolver
	if resolver != "" && net.ParseIP(resolver) != nil {
		resolver = net.JoinHostPort(resolver, "53")
	} else if _, _, err := net.SplitHostPort(resolver); resolver != "" && err != nil {
		return nil, cli.Usage("resolver %q: want an IP address, or one with a port", resolver)
	}
	p.finder.resolver = resolverAt(resolver)
	return p, o.connect(env, p)
}

// connect prepares what goes through Kubernetes, and the writer.
func (o *options) connect(env *cli.Env, p *prober) (err error) {
	if o.selector != "" {
		client, err := o.where.Connect(env.Timeout)
		if err != nil {
			return err
		}
		p.finder.pods = func(ctx context.Context) ([]corev1.Pod, error) { return client.Pods(ctx, o.namespace, o.selector) }
	}
	if o.write {
		o.where.Kubernetes = o.where.Primary == "" && o.selector != ""
		p.writes = true
		o.writer, err = o.where.Writer(p.name, env.Timeout)
	}
	return err
}
