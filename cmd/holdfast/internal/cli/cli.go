// Package cli has what all verbs of the command holdfast share: flags, output as text or
// JSON, errors on one line, exit codes. A verb is a cobra command that prints through its Env;
// README.md in cmd/holdfast says how to add one.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes. Nagios' own codes are behind a flag of the verbs that have them.
const (
	exitFine     = 0
	exitFinding  = 1 // the question was answered, and something is wrong
	exitNoAnswer = 2 // bad usage, or nobody could be asked
)

// Streams are where the command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Verb makes a verb that prints through env.
type Verb func(env *Env) *cobra.Command

// Run runs the command with its arguments and returns the exit code. The first SIGINT or
// SIGTERM ends ctx, the second the process.
func Run(ctx context.Context, streams Streams, args []string, verbs []Verb) (code int) {
	env := &Env{Streams: streams, format: formatOf(args), nagios: wantsNagios(args)}
	defer func() {
		if p := recover(); p != nil {
			code = env.fail("", fmt.Errorf("%w: %v", errInternal, p))
		}
	}()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()

	root := newRoot(env, verbs)
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	ran, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = env.broken
	}
	if code, ok := codeOf(err); ok {
		return code
	}
	return env.fail(ran.CommandPath(), err)
}

// Command is the command itself, for programs that look at its help.
func Command(verbs []Verb) *cobra.Command { return newRoot(new(Env), verbs) }

// newRoot is the command itself, which only has verbs.
func newRoot(env *Env, verbs []Verb) *cobra.Command {
	root := &cobra.Command{
		Use:   "holdfast",
		Short: "See and steer a fleet of DNS servers",
		Long: `holdfast shows what a fleet of DNS servers does, from outside: how old the data of
each server is, which of them is behind, and how many may leave.

It exits with 0 if all is fine, with 1 if it found something wrong, and with 2 if it was
misused or could not ask.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true, // a date in a man page would make each build differ
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return Usage("there is no verb %q: want one of %s", args[0], strings.Join(verbNames(cmd), ", "))
			}
			return Usage("want a verb: one of %s", strings.Join(verbNames(cmd), ", "))
		},
		Args:              cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return env.prepare() },
	}
	flags := root.PersistentFlags()
	flags.StringVarP((*string)(&env.format), "output", "o", string(env.format), "output as text or json")
	flags.Lookup("output").DefValue = string(formatText)
	flags.DurationVar(&env.Timeout, "timeout", 5*time.Second, "how long to wait for an answer to each question")
	flags.BoolVar(&env.noColor, "no-color", false, "never use colours, as with NO_COLOR in the environment")
	root.SetHelpCommand(newHelp())
	root.CompletionOptions.DisableDefaultCmd = true // ours wants a shell
	root.SetUsageFunc(printUsage)
	root.AddCommand(newVersion(env), newCompletion(env), newMan())
	for _, verb := range verbs {
		root.AddCommand(verb(env))
	}
	return root
}

func verbNames(root *cobra.Command) (names []string) {
	for _, verb := range root.Commands() {
		if !verb.Hidden {
			names = append(names, verb.Name())
		}
	}
	return names
}

// formatOf finds -o json among arguments that cobra has yet to read, or refuses, since
// also the error about them is to be JSON.
func formatOf(args []string) format {
	for i, arg := range args {
		switch {
		case arg == "--":
			return formatText
		case slices.Contains([]string{"-ojson", "-o=json", "--output=json"}, arg),
			(arg == "-o" || arg == "--output") && i+1 < len(args) && args[i+1] == string(formatJSON):
			return formatJSON
		}
	}
	return formatText
}

// errInternal is a panic.
var errInternal = errors.New("internal error, please report it")

// Guard runs work and returns its panic as an error: what a goroutine panics with would
// end the process with a stack trace.
func Guard(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errInternal, p)
		}
	}()
	return work()
}

// Main is the whole of a main function.
func Main(verbs []Verb) {
	os.Exit(Run(context.Background(), Streams{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:], verbs))
}
