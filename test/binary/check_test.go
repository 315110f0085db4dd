package binary

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

func TestCheckNamesTheLineOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ corefile, want string }{
		"a value": {".:0 {\n  ttlfloor 5s {\n    zero 2s\n  }\n}\n",
			"plugin/ttlfloor: %s:3 - Error during parsing: zero 2s is below the floor: want at least 5s\n"},
		"a value that is wrong beside another": {".:0 {\n  selfpreserve {\n    peers static 192.0.2.1\n    max_hold 10s\n    interval 2s\n  }\n}\n",
			"plugin/selfpreserve: %s:4 - Error during parsing: max_hold of 10s is not longer than the promise of 15s (the default): want a longer max_hold, or a shorter promise, so that a server that has promised can wait for its promise to end\n"},
		"an unknown property": {".:0 {\n  stalecheck {\n    primary 192.0.2.1\n    max_ago 5s\n  }\n}\n",
			"plugin/stalecheck: %s:4 - Error during parsing: unknown property \"max_ago\": want one of action, catalog, heartbeat, interval, max_age, peers, primary, serial, ttl\n"},
		"a value of a plugin that names no line": {".:0 {\n  whoami\n  cache {\n    success x\n  }\n}\n",
			"%s:3 - plugin/cache: strconv.Atoi: parsing \"x\": invalid syntax\n"},
		"an unknown plugin": {".:0 {\n  ttlflor 5s\n}\n", "%s:2 - Error during parsing: Unknown directive 'ttlflor'\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			corefile := filepath.Join(t.TempDir(), "Corefile")
			lab.Write(t, corefile, tc.corefile)
			if out, want := commandFails(t, lab.Binary(t), "-check", "-conf", corefile), fmt.Sprintf(tc.want, corefile); out != want {
				t.Errorf("it prints\n%swant\n%s", out, want)
			}
		})
	}
}

// Each block is right by itself.
func TestCheckMakesTheServers(t *testing.T) {
	t.Parallel()
	corefile := filepath.Join(t.TempDir(), "Corefile")
	block := ".:1999 {\n  bind 127.0.0.1\n  whoami\n}\n"
	lab.Write(t, corefile, block+block)
	if out, want := commandFails(t, lab.Binary(t), "-check", "-conf", corefile), "cannot serve dns://.:1999 on 127.0.0.1 - it is already defined\n"; out != want {
		t.Errorf("it prints\n%swant\n%s", out, want)
	}
}

func TestCheckNamesNoLineThatMayBeTheWrongOne(t *testing.T) {
	t.Parallel()
	corefile := filepath.Join(t.TempDir(), "Corefile")
	lab.Write(t, corefile, "example.org:0 {\n  cache {\n    success x\n  }\n}\nexample.net:0 {\n  cache\n}\n")
	if out, want := commandFails(t, lab.Binary(t), "-check", "-conf", corefile), "plugin/cache: strconv.Atoi: parsing \"x\": invalid syntax\n"; out != want {
		t.Errorf("it prints\n%swant\n%s", out, want)
	}
}

// The ports are taken: a start would fail.
func TestCheckDoesNotListen(t *testing.T) {
	t.Parallel()
	port := lab.FreePort(t)
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	// kubernetes without an API server, and a secondary without a primary, are no faults.
	lab.Write(t, filepath.Join(dir, "Corefile"), ".:"+port+` {
	bind 127.0.0.1
	errors
	health 127.0.0.1:`+port+`
	ready 127.0.0.1:`+port+`
	prometheus 127.0.0.1:`+port+`
	ttlfloor 5s
	stalecheck {
		heartbeat heartbeat.kube-system.svc.cluster.local
	}
	selfpreserve 127.0.0.1:`+port+` {
		peers static 127.0.0.2
	}
	kubernetes cluster.local {
		endpoint http://127.0.0.1:`+port+`
	}
	secondary example.org {
		transfer from 127.0.0.1:`+port+`
	}
}
`)
	if got := lab.Command(t, dir, lab.Binary(t), "-check"); got != "Corefile is fine\n" {
		t.Errorf("it prints %q", got)
	}
	if got := lab.Command(t, dir, lab.Binary(t), "-check", "-conf", filepath.Join(dir, "Corefile")); got != filepath.Join(dir, "Corefile")+" is fine\n" {
		t.Errorf("it prints %q", got)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}

func TestCheckWithoutACorefileSaysSo(t *testing.T) {
	t.Parallel()
	if got := commandFails(t, lab.Binary(t), "-check", "-conf", "/nonexistent/Corefile"); got != "loading Caddyfile via flag: open /nonexistent/Corefile: no such file or directory\n" {
		t.Errorf("it prints %q", got)
	}
	if got := commandFails(t, lab.Binary(t), "-check", "Corefile"); got != "extra arguments [\"Corefile\"]: want -check -conf FILE\n" {
		t.Errorf("it prints %q", got)
	}
	if got := commandFails(t, lab.Binary(t), "-check"); got != "no Corefile: want -conf FILE\n" {
		t.Errorf("it prints %q", got)
	}
}
