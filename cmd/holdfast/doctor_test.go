package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/test/lab"
)

// startAlone starts a server without peers, and returns the address of its status.
func startAlone(t *testing.T) string {
	t.Helper()
	dir, port, status := t.TempDir(), lab.FreePort(t), "127.0.0.1:"+lab.FreePort(t)
	lab.Write(t, filepath.Join(dir, "Corefile"), fmt.Sprintf("example.org:%s {\n bind 127.0.0.1\n selfpreserve %s\n file db\n}\n", port, status))
	lab.Write(t, filepath.Join(dir, "db"), lab.ExampleZone)
	lab.StartBinary(t, dir, "-conf", filepath.Join(dir, "Corefile"))
	lab.AwaitAnswer(t, "127.0.0.1:"+port, lab.Query("example.org.", dns.TypeSOA))
	return status
}

// doctorSays runs holdfast doctor --live.
func doctorSays(t *testing.T, address string) (out string, code int) {
	t.Helper()
	var o, errs bytes.Buffer
	code = cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &o, Err: &errs}, []string{"doctor", "--live", address}, verbs)
	return o.String() + errs.String(), code
}

// From one of three servers all are judged, and the one that knows only one of the others is
// named.
func TestDoctorFindsAServerThatDoesNotKnowAnother(t *testing.T) {
	f := lab.NewFleet(t, 3, "promise 1s\n interval 100ms\n max_hold 5s\n min_peers 2\n ")
	a, c := f.All[0], f.All[2]
	c.Configure(t, strings.Replace(c.Corefile("promise 1s\n interval 100ms\n max_hold 5s\n "), " "+a.HTTP, "", 1))
	for _, p := range f.All {
		p.Start(t)
	}
	wants := []string{
		fmt.Sprintf("(%s): does not know ", c.HTTP), fmt.Sprintf("(%s), and refuses requests", a.HTTP), "1 finding in 8 checks",
		"√ every known server answers", "√ servers are fit, and in service", "√ somebody reads /ready", "√ servers know at least min_peers peers", "√ clocks agree", "√ all servers observe, or none does", "√ servers run the same version",
	}
	balance := func() { // as whoever sends them clients: a slow machine takes longer than one that reads /ready may
		for _, p := range f.All {
			p.Ready()
		}
	}
	lab.Until(t, "the server is named, and nothing else", func() bool {
		balance()
		out, code := doctorSays(t, a.HTTP)
		return code == 1 && !slices.ContainsFunc(wants, func(want string) bool { return !strings.Contains(out, want) })
	})
	c.Configure(t, c.Corefile("promise 1s\n interval 100ms\n max_hold 5s\n "))
	c.End(syscall.SIGKILL)
	c.Start(t)
	lab.Until(t, "nothing is wrong any more", func() bool {
		balance()
		out, code := doctorSays(t, c.HTTP)
		return code == 0 && strings.Contains(out, "no findings in 8 checks of ")
	})
}
