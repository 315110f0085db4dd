package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newHelp is for those who type help and not --help.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:    "help [VERB]",
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return Usage("there is no verb %q", args[0])
			}
			return found.Help()
		},
	}
}

// printUsage prints what --help shows below a command's description. A template would keep the
// linker from leaving out what is not called: a third of the program.
func printUsage(cmd *cobra.Command) error {
	var text strings.Builder
	section := func(title, body string) {
		if body != "" {
			fmt.Fprintf(&text, "\n%s:\n%s\n", title, strings.TrimRight(body, "\n"))
		}
	}
	use := cmd.UseLine()
	var verbs strings.Builder
	if cmd.HasAvailableSubCommands() {
		use = cmd.CommandPath() + " VERB"
		for _, verb := range cmd.Commands() {
			if verb.IsAvailableCommand() {
				fmt.Fprintf(&verbs, "  %-*s %s\n", verb.NamePadding(), verb.Name(), verb.Short)
			}
		}
	}
	section("Usage", "  "+use)
	section("Examples", cmd.Example)
	section("Verbs", verbs.String())
	section("Flags", cmd.LocalFlags().FlagUsages())
	section("Flags of every verb", cmd.InheritedFlags().FlagUsages())
	if verbs.Len() > 0 {
		fmt.Fprintf(&text, "\n%s VERB --help says more about a verb.\n", cmd.CommandPath())
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), strings.TrimPrefix(text.String(), "\n"))
	return err
}
