// Package doctor is the verb doctor: it gathers what there is to judge, has package check
// judge it, and prints the results.
package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
)

// Verb is the verb.
func Verb(env *cli.Env) *cobra.Command {
	var live, only, skip []string
	var deployed cluster
	cmd := &cobra.Command{
		Use:   "doctor [COREFILE] [MANIFEST...]",
		Short: "Find misconfigurations",
		Long: `doctor looks at a Corefile, at the manifests that deploy it, and at running servers, for
settings that lose answers in an ordinary rollout, drain or restart. It knows CoreDNS with
and without Holdfast's plugins. It judges only what a server has: something that is not
configured is not a finding.

A MANIFEST is a file with Kubernetes objects in YAML or JSON, a folder of such files, or -
for standard input. The Corefile may be in a ConfigMap that a container mounts. Kustomizations
and charts are not rendered: pipe in the output of kubectl kustomize or helm template.
--kubernetes reads what is deployed in a namespace.

Each finding links to a section of docs/doctor.md, whose heading is the check's name in --only
and --skip.`,
		Example: `  holdfast doctor /etc/coredns/Corefile
  holdfast doctor Corefile deployment.yaml services.yaml
  kubectl kustomize build/kubernetes | holdfast doctor -
  holdfast doctor --live 192.0.2.11
  holdfast doctor --kubernetes --namespace kube-system
  holdfast doctor --skip disruption-budget,same-node deployment.yaml -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := choose(only, skip)
			if err != nil {
				return err
			}
			r, err := examine(cmd.Context(), env, args, &deployed, live, wanted)
			if err != nil {
				return err
			}
			env.Print(r)
			if !r.Fine {
				return cli.Finding
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&live, "live", nil, "also ask the server at this `ADDRESS`, and those that it names as its peers")
	flags.BoolVar(&deployed.wanted, "kubernetes", false, "also read what is deployed in --namespace")
	flags.StringVar(&deployed.namespace, "namespace", "kube-system", "which `NAMESPACE` --kubernetes reads")
	deployed.AddFlags(flags)
	flags.StringSliceVar(&only, "only", nil, "run only these `CHECKS`")
	flags.StringSliceVar(&skip, "skip", nil, "skip these `CHECKS`")
	for _, flag := range []string{"only", "skip"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(names(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	}
	return cmd
}

// names are those of the checks.
func names() (all []string) {
	for _, c := range check.Checks {
		all = append(all, c.ID)
	}
	return all
}

// choose returns which checks are wanted.
func choose(only, skip []string) (func(id string) bool, error) {
	known := names()
	for flag, ids := range map[string][]string{"only": only, "skip": skip} {
		for _, id := range ids {
			if !slices.Contains(known, id) {
				return nil, cli.Usage("--%s %q: want one of %s", flag, id, strings.Join(known, ", "))
			}
		}
	}
	return func(id string) bool {
		return (len(only) == 0 || slices.Contains(only, id)) && !slices.Contains(skip, id)
	}, nil
}

func examine(ctx context.Context, env *cli.Env, args []string, deployed *cluster, live []string, wanted func(string) bool) (*Report, error) {
	if len(args)+len(live) == 0 && !deployed.wanted {
		return nil, cli.Usage("want a Corefile, manifests, --kubernetes or --live ADDRESS")
	}
	in, r := &check.Input{Now: time.Now()}, &Report{Schema: cli.SchemaVersion, Servers: []string{}}
	if len(args) > 0 || deployed.wanted {
		s, err := read(ctx, env.In, args)
		if err != nil {
			return nil, err
		}
		if deployed.wanted {
			if err := deployed.read(ctx, s.objects, env.Timeout); err != nil {
				return nil, err
			}
		}
		r.Ignored = s.objects.Ignored
		if in.Servers, r.Notes, err = s.servers(); err != nil {
			return nil, err
		}
		in.Odd = s.objects.Odd
	}
	if len(live) > 0 {
		var err error
		if in.Live, err = ask(ctx, live, env.Timeout); err != nil {
			return nil, err
		}
	}
	for _, s := range in.Servers {
		r.Servers = append(r.Servers, s.Name)
	}
	if in.Live != nil {
		for _, s := range in.Live.Servers {
			r.Servers = append(r.Servers, s.Address)
		}
	}
	r.Checks = check.Run(in, wanted)
	r.Fine = r.findings() == 0
	return r, nil
}

func (r *Report) findings() (n int) {
	for _, c := range r.Checks {
		n += len(c.Findings)
	}
	return n
}
