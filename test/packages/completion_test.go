package packages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Each shell reads its file, and completes what begins with st by the verbs status and stay.
func completeWhatIsTyped(t *testing.T, m made) {
	dir := t.TempDir()
	lab.Command(t, dir, "dpkg-deb", "--extract", m.deb, ".")
	const bash = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(bash); err != nil {
		lab.SkipWithout(t, "bash-completion", "apt-get install bash-completion")
	}
	lab.Tool(t, "fish", "fish")
	lab.Tool(t, "zsh", "zsh")
	for shell, script := range map[string]string{
		"bash": "source " + bash + "; source usr/share/bash-completion/completions/holdfast; COMP_WORDS=(holdfast st) COMP_CWORD=1 COMP_LINE='holdfast st' COMP_POINT=11 COMP_TYPE=9\n" +
			"__start_holdfast; printf '%s\\n' \"${COMPREPLY[@]}\"",
		"fish": "source usr/share/fish/vendor_completions.d/holdfast.fish; complete -C 'holdfast st'",
		// That it is found, and what it asks the command; a terminal would show the rest.
		"zsh": "fpath=($PWD/usr/share/zsh/vendor-completions $fpath); autoload -Uz compinit; compinit -u -D; autoload +X _holdfast; [ $_comps[holdfast] = _holdfast ] && holdfast __complete st",
	} {
		flags := map[string][]string{"bash": {"--norc", "--noprofile"}, "fish": {"--no-config"}, "zsh": {"-f"}}[shell]
		printed := lab.Command(t, dir, "env", slices.Concat([]string{"HOME=" + t.TempDir(), "PATH=" + filepath.Join(dir, "usr/bin") + ":" + os.Getenv("PATH"), shell}, flags, []string{"-c", script})...)
		var completed []string
		for line := range strings.Lines(printed) {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(word, "st") {
				word, _, _ = strings.Cut(word, "\t")
				completed = append(completed, word)
			}
		}
		slices.Sort(completed)
		if !slices.Equal(completed, []string{"status", "stay"}) {
			t.Errorf("%s completes st by %q:\n%s", shell, completed, printed)
		}
	}
}
