package incidents

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// holdLimit is the deadline after SIGTERM: selfpreserve's max_hold.
const holdLimit = 15 * time.Second

// figures are what was seen of each scenario, a to e.
type figures map[string]string

// I4. Each of Facebook's sites withdrew its own route when it could not reach the data
// centres, and none of them could. The replay has a fleet with the checks that are usual,
// and one with Holdfast's plugins in the same binary:
//
//   - a: one server loses its primary
//   - b: all lose it
//   - c: one is cut off from its peers and the primary, and not from clients
//   - d: all get SIGTERM at one instant
//   - e: the fault is cured
func TestReplayI4TheFleetThatWithdrewItself(t *testing.T) {
	t.Parallel()
	for program, debianPackage := range map[string]string{ // here, so that this test is skipped
		"ip": "iproute2", "nft": "nftables", "named": "bind9", "bird": "bird2", "exabgp": "exabgp", "curl": "curl", "dig": "bind9-dnsutils",
	} {
		lab.Tool(t, program, debianPackage)
	}
	lab.NewNamespace(t)
	var stock, holdfast figures
	t.Run("fleets", func(t *testing.T) {
		t.Run("stock", func(t *testing.T) { t.Parallel(); stock = replayStockFleet(t) })
		t.Run("Holdfast", func(t *testing.T) { t.Parallel(); holdfast = replayHoldfastFleet(t) })
	})
	if t.Failed() {
		return
	}
	for scenario, what := range map[string]string{
		"a": "(a) one server loses its primary", "b": "(b) all servers lose it", "c": "(c) one server is cut off from all but its clients", "d": "(d) SIGTERM to all at once", "e": "(e) the fault is cured",
	} {
		replayed(t, "I4 anycast fleet", what, stock[scenario], holdfast[scenario])
	}
}

// replayStockFleet has c, b and e with the check that took Facebook's sites out, which
// asks the primary, and a and d with one that asks what ready says of the server.
func replayStockFleet(t *testing.T) figures {
	said := make(figures)
	f := newAnycast(t, " ready 127.0.0.1:8182\n")
	first, others := f.servers[0], f.servers[1:]
	f.announce(t, "dig +time=1 +tries=1 @10.8.0.4 "+anycastZone+" SOA")
	c := f.crowd(t)

	f.isolate(t, first)
	f.announced(t, others...)
	one := c.next(t, 200)
	if one.lost > 0 || one.by["1"] > 0 {
		t.Errorf("c: once it has withdrawn itself: %+v", one)
	}
	said["c"] = fmt.Sprintf("it withdraws its own route, %d of 3 routes stay", len(f.routes(t)))
	f.Heal(t)
	f.announced(t, f.servers...)

	f.losePrimary(t, f.servers...)
	f.announced(t)
	dark := c.next(t, 500)
	if dark.lost != dark.asked {
		t.Errorf("b: without a route some are answered: %+v", dark)
	}
	said["b"] = fmt.Sprintf("%d of 3 routes stay, %d of %d questions unanswered", len(f.routes(t)), dark.lost, dark.asked)
	cure := c.now()
	f.Heal(t)
	f.announced(t, f.servers...)
	back := c.between(t, cure, c.now())
	said["e"] = fmt.Sprintf("%d questions unanswered until the routes are back", back.lost)

	_, asksReady := readmeCheck(t)
	f.announce(t, asksReady)
	f.losePrimary(t, first)
	f.change(t, others...)
	old := c.next(t, 1000)
	f.announced(t, f.servers...)
	if old.old == 0 || old.unsaid != old.old || old.lost > 0 {
		t.Errorf("a: one without its primary: %+v, want old answers, and nothing that says so", old)
	}
	said["a"] = fmt.Sprintf("%d of 3 routes stay, %d of %d answers are old, %d of them marked", len(f.routes(t)), old.old, old.asked, old.old-old.unsaid)
	f.Heal(t)
	f.reaches(t, f.servers...)

	from, told := c.now(), time.Now()
	f.terminate(t)
	f.announced(t)
	lab.Until(t, "the deadline", func() bool { return time.Since(told) >= holdLimit })
	gone := c.between(t, from, c.now())
	if gone.lost == 0 {
		t.Errorf("d: all are answered: %+v", gone)
	}
	said["d"] = fmt.Sprintf("%d of 3 routes stay, %d of %d questions unanswered in %s", len(f.routes(t)), gone.lost, gone.asked, holdLimit)
	return said
}
