package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// newCompletion writes a script that completes verbs and flags.
func newCompletion(env *Env) *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Write a shell completion script",
		Long:      "completion writes a script with which a shell completes verbs and flags, for one of " + strings.Join(shells, ", ") + ".",
		Example:   "  holdfast completion bash > /etc/bash_completion.d/holdfast",
		ValidArgs: shells,
		Args:      Arguments(1, 1, "want one SHELL of "+strings.Join(shells, ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(env.Out, true)
			case "fish":
				return root.GenFishCompletion(env.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(env.Out)
			case "zsh":
				return root.GenZshCompletion(env.Out)
			}
			return Usage("shell %q: want one of %s", args[0], strings.Join(shells, ", "))
		},
	}
}
