package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

func TestWaitEndsWhenEachAddressIsInTheState(t *testing.T) {
	f := simulate(t, 2)
	f.says(2, func(s *wire.Status) { s.State, s.InService = promise.Starting, false })
	if said, code := f.run(f.address(2), "--wait", "serving", "--timeout", "1ms"); code == 0 {
		t.Errorf("%d, %s", code, said)
	}
	said, code := f.run(f.address(2), "--wait", "serving", "--timeout", "700ms")
	if code != 1 || !strings.HasSuffix(verdict(said), "; not serving after 700ms: #2 is starting") {
		t.Errorf("%d, %s", code, said)
	}
	// Only what is given has to be in the state.
	if said, code := f.run(f.address(1), "--wait", "serving"); code != 0 {
		t.Errorf("%d, %s", code, said)
	}
	f.stop(2)
	if said, code := f.run(f.address(2), f.address(1), "--wait", "gone", "--timeout", "700ms"); code != 1 || !strings.Contains(said, "#1 is serving") {
		t.Errorf("%d, %s", code, said)
	}
	if said, code := f.run(f.address(2), "--wait", "gone"); code != 0 {
		t.Errorf("%d, %s", code, said)
	}
}

// Nobody knows how a server is whose name does not resolve. That is said once.
func TestWaitDoesNotEndWithoutANameThatDoesNotResolve(t *testing.T) {
	f := simulate(t, 1)
	for _, state := range []string{"serving", "gone"} {
		if state == "gone" {
			f.stop(1)
		}
		said, code := f.run(f.address(1), "bad..name", "--wait", state, "--timeout", "1200ms")
		if code != 1 || !strings.Contains(said, "bad..name: there is no such name\n") || strings.Count(said, "bad..name") != 2 {
			t.Errorf("%d, %s", code, said)
		}
	}
}

// A server comes into service while somebody waits for it.
func TestWaitLooksAgain(t *testing.T) {
	f := simulate(t, 1)
	f.says(1, func(s *wire.Status) { s.State, s.InService = promise.Starting, false })
	looks := 0
	f.asked = func() {
		if looks++; looks == 2 {
			f.servers[1].status.State, f.servers[1].status.InService = promise.Serving, true
		}
	}
	if said, code := f.run(f.address(1), "--wait", "serving", "--timeout", "1m"); code != 0 || looks != 2 {
		t.Errorf("%d after %d looks, %s", code, looks, said)
	}
}

func TestWatchShowsWhatChanges(t *testing.T) {
	f := simulate(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	f.asked = func() {
		switch looks++; looks {
		case 2:
			f.servers[1].status.State, f.servers[1].status.InService = promise.Aside, false
		case 4:
			cancel()
		}
	}
	var out, errs strings.Builder
	code := cli.Run(ctx, cli.Streams{Out: &out, Err: &errs}, []string{"status", f.address(1), "--watch", "--interval", "100ms", "-o", "json"}, []cli.Verb{Verb})
	states := ""
	for line := range strings.Lines(out.String()) {
		var got Fleet
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		states += got.Servers[0].State + " "
	}
	if code != 1 || !strings.HasPrefix(states, "serving aside aside ") || errs.Len() > 0 {
		t.Errorf("%d, %q, %s", code, states, &errs)
	}
}

func TestALargeFleetWithDeadServersIsShownWhole(t *testing.T) {
	f := simulate(t, 300)
	for i := range 10 {
		f.stop(291 + i)
	}
	f.encode()
	said, code := f.run(f.address(1), "--timeout", "1m", "-o", "json")
	var got Fleet
	if err := json.Unmarshal([]byte(said), &got); err != nil {
		t.Fatal(err)
	}
	dead := 0
	for _, s := range got.Servers {
		if s.State == Unreachable && s.Why == "connection refused" && s.Heard != nil && s.Heard.Knows == 290 {
			dead++
		}
	}
	if code != 1 || len(got.Servers) != 300 || got.InService != 290 || dead != 10 {
		t.Errorf("exit code %d, %d servers, %d in service, %d dead; %s", code, len(got.Servers), got.InService, dead, got.Verdict)
	}
}

// Servers that take connections and say nothing are waited for at the same time.
func TestSilentServersCostTheTimeOfOne(t *testing.T) {
	f := largeFleet(t, 20, 15)
	begin := time.Now()
	said, code := f.run(f.address(1), "--timeout", "3s")
	if code != 1 || strings.Count(said, "unreachable") != 15+3 || strings.Count(said, "no answer in time") != 15 || time.Since(begin) > 30*time.Second {
		t.Errorf("%d after %s: %s", code, time.Since(begin), said)
	}
}

// largeFleet has n servers, of which the last ones are silent.
func largeFleet(t testing.TB, n, silent int) *simulated {
	f := simulate(t, n)
	for i := n - silent + 1; i <= n; i++ {
		f.stop(i)
		ln, err := net.Listen("tcp", f.address(i))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
	}
	f.encode()
	return f
}

func BenchmarkStatus(b *testing.B) {
	for silent, timeout := range map[int]string{0: "10s", 10: "1s"} {
		b.Run(fmt.Sprintf("300 servers, %d silent", silent), func(b *testing.B) {
			f := largeFleet(b, 300, silent)
			for b.Loop() {
				if said, code := f.run(f.address(1), "--timeout", timeout, "-o", "json"); code != min(silent, 1) {
					b.Fatalf("%d: %.300s", code, said)
				}
			}
		})
	}
}
