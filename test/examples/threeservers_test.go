package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// The README's commands, typed one after the other into a shell, show what it says.
func TestExampleThreeServersShowsWhatItsREADMESays(t *testing.T) {
	t.Parallel()
	lab.Tool(t, "dig", "bind9-dnsutils")
	lab.Tool(t, "curl", "curl")
	const folder = "three-servers/"
	readme := readExample(t, folder+"README.md")
	// At ports of its own, so that it passes while somebody has the example running.
	dnsPort, httpPort, healthPort, dir := lab.FreePort(t), lab.FreePort(t), lab.FreePort(t), t.TempDir()
	own := strings.NewReplacer(
		"peers static 127.0.0.1 127.0.0.2 127.0.0.3", strings.ReplaceAll("peers static 127.0.0.1:$ 127.0.0.2:$ 127.0.0.3:$", "$", httpPort),
		"8182", httpPort, "1057", dnsPort, "8083", healthPort,
		"/tmp/three-servers", filepath.Join(dir, "three-servers"), "corefile-examples/"+folder+"Corefile", filepath.Join(dir, "Corefile"),
		"./coredns ", lab.Binary(t)+" ")
	for i := range 3 {
		name := fmt.Sprintf("Corefile.%d", i+1)
		lab.Write(t, filepath.Join(dir, name), own.Replace(readExample(t, folder+name)))
	}
	var typed []string
	for _, commands := range lab.Typed(t, "corefile-examples/three-servers/README.md", 6) {
		typed = append(typed, own.Replace(commands))
	}
	shell := func(command_ string) string { return lab.Command(t, lab.Root, "bash", "-c", command_+"true") }

	start, found := strings.CutPrefix(typed[0], "go build -o coredns ./build/coredns\n")
	if !found {
		t.Errorf("the README builds the binary with another command than this test knows: %q", typed[0])
	}
	t.Cleanup(func() { // who is still there
		pids, _ := filepath.Glob(filepath.Join(dir, "three-servers.?"))
		for _, file := range pids {
			text, _ := os.ReadFile(file) // #nosec G304 -- in the test's directory
			if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
				if p, err := os.FindProcess(pid); err == nil {
					_ = p.Kill()
				}
			}
		}
		if t.Failed() {
			t.Log(shell("tail -n +1 " + filepath.Join(dir, "three-servers.?.log") + "\n"))
		}
	})
	shell(start)
	status, kill, ready, dig, logs := typed[1], typed[2], typed[3], typed[4], typed[5]
	seen := func(command_ string, want ...string) {
		t.Helper()
		lab.Eventually(t, 3*lab.Patience, func() string {
			out := shell(command_)
			for _, pattern := range want {
				if !regexp.MustCompile(pattern).MatchString(out) {
					return "no " + pattern + " in\n" + out
				}
			}
			return ""
		})
	}
	seen(ready, `^127\.0\.0\.1: OK\n127\.0\.0\.2: OK\n127\.0\.0\.3: OK\n$`)
	seen(status, `"state": "serving"`, `(?s)"address": "127\.0\.0\.2:\d+",.*"state": "serving",.*"address": "127\.0\.0\.3:\d+",.*"state": "serving",`, `"known_peers": 2,`)
	<-time.After(6 * time.Second) // a promise's lifetime; the README rounds it up

	begin := time.Now()
	shell(kill)
	shown := regexp.MustCompile("(?s)~~~ txt\n(.*?)~~~\n").FindStringSubmatch(readme)
	if shown == nil || !strings.Contains(shown[1], ": PRESERVED: SIGTERM, with 0 of 1 promises; nobody else to ask; leaves in 16s at the latest\n") {
		t.Fatalf("the README shows %q", shown)
	}
	// Random ids decide which one stays: what is said counts, and that each is named.
	lines := func(text string) (all []string) {
		for i, line := range strings.Split(regexp.MustCompile(`leaves in \d+s`).ReplaceAllString(strings.TrimSpace(text), "leaves in some time"), "\n") {
			said, named := strings.CutPrefix(line, fmt.Sprintf("127.0.0.%d: ", i+1))
			all = append(all, fmt.Sprint(said, " ", named))
		}
		slices.Sort(all)
		return all
	}
	lab.Eventually(t, 3*lab.Patience, func() string {
		if told := shell(ready); !slices.Equal(lines(told), lines(shown[1])) {
			return fmt.Sprintf("the README shows\n%s, and it is\n%s", shown[1], told)
		}
		return ""
	})
	if out := shell(dig); len(regexp.MustCompile(`(?m)^127\.0\.0\.\d: 192\.0\.2\.80$`).FindAllString(out, -1)) != 1 {
		t.Errorf("dig shows\n%s", out)
	}
	seen(logs, `(?s)(three-servers\.\d\.log:\[INFO\] plugin/selfpreserve: Leaving service: enough peers have promised to stay: 127\.0\.0\.\d:\d+ \(\S+\)\n.*){2}`, `(?m)three-servers\.\d\.log:\[ERROR\] plugin/selfpreserve: Leaving service by force after max_hold of 20s: `)
	if held := time.Since(begin); held < 20*time.Second {
		t.Errorf("the last left by force after %s", held)
	}
	seen(ready, `^127\.0\.0\.1: gone\n127\.0\.0\.2: gone\n127\.0\.0\.3: gone\n$`)
}
