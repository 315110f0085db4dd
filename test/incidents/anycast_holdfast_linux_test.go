package incidents

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// holdfastFleet has options that are short, and long enough that what hits all at one
// instant is seen by all before it makes the first unfit. With min_peers 2 that one would
// step aside only if both others were late.
var holdfastFleet = fmt.Sprintf(` selfpreserve {
  peers static 10.8.0.1 10.8.0.2 10.8.0.3
  min_peers 2
  promise 6s
  interval 2s
  max_hold %s
 }
 stalecheck {
  primary 10.8.0.4
  peers 10.8.0.1 10.8.0.2 10.8.0.3
  heartbeat heartbeat.%s
  max_age 8s
  interval 1s
 }
 prometheus :9153
`, holdLimit, anycastZone)

// lasting is how many questions take longer than a promise lasts.
const lasting = 700

func replayHoldfastFleet(t *testing.T) figures {
	said := make(figures)
	f := newAnycast(t, holdfastFleet)
	_, asksReady := readmeCheck(t)
	f.announce(t, asksReady)
	for _, h := range f.servers {
		h.AwaitPeers(t, 2)
	}
	// Where the clients are, so that it reaches a server that is cut off from the others.
	f.watch = watch(t, f.router.Namespace.Place())
	for _, h := range f.servers {
		f.watch.Add(t, fmt.Sprintf("10.8.0.%d:9153", h.Number))
	}
	c := f.crowd(t)
	f.watch.Quiet(t, quietTime)
	said["a"] = f.oneLosesItsPrimary(t, c)
	f.cured(t, c)
	said["b"] = f.allLoseTheirPrimary(t, c)
	f.cured(t, c)
	said["c"] = f.oneIsCutOff(t, c)
	said["e"] = f.cured(t, c)
	said["d"] = f.allAreTerminated(t, c)
	alerted(t, "I4 anycast fleet", f.watch)
	return said
}

func (f *anycast) oneLosesItsPrimary(t *testing.T, c *crowd) string {
	t.Helper()
	first, others := f.servers[0], f.servers[1:]
	f.watch.Phase("(a) one loses its primary")
	f.losePrimary(t, first)
	f.change(t, others...)
	from := c.now()
	f.announced(t, others...)
	to := c.now()
	moved, before := c.next(t, 500), c.between(t, from, to)
	f.watch.Fires(t, "HoldfastPrimariesSilent warning", "HoldfastZoneStale warning", "HoldfastZoneStale critical", "HoldfastAnswersMarkedStale warning", "HoldfastUnfit warning", "HoldfastAside warning", "HoldfastNobodyMayLeave warning")
	if told := first.Ready(); !strings.HasPrefix(told, "503 ASIDE: vital stalecheck: zone "+anycastZone+" is stale: ") {
		t.Errorf("a: the one that has lost its primary says %q", told)
	}
	if moved.lost > 0 || moved.old > 0 || moved.marked > 0 || moved.by["1"] > 0 {
		t.Errorf("a: once the route has moved: %+v", moved)
	}
	if before.markedBy["1"] == 0 || before.marked != before.markedBy["1"] {
		t.Errorf("a: until the route moves: %+v, want marked answers of server 1, and of no other", before)
	}
	return fmt.Sprintf("steps aside after %d questions: %d old answers, %d of them marked, %d unanswered; of the next %d, %d old and %d unanswered",
		before.asked, before.old, before.old-before.unsaid, before.lost, moved.asked, moved.old, moved.lost)
}

func (f *anycast) allLoseTheirPrimary(t *testing.T, c *crowd) string {
	t.Helper()
	from, aside := c.now(), f.aside()
	f.watch.Phase("(b) all lose it")
	f.losePrimary(t, f.servers...)
	f.change(t)
	for _, h := range f.servers {
		awaitPreserved(t, h)
	}
	last := c.next(t, lasting)
	f.watch.Fires(t, "HoldfastPrimariesSilent warning", "HoldfastZoneStale warning", "HoldfastZoneStale critical", "HoldfastAnswersMarkedStale warning", "HoldfastUnfit warning", "HoldfastNobodyMayLeave warning")
	f.announced(t, f.servers...)
	whole := c.between(t, from, c.now())
	if n := f.aside() - aside; whole.lost > 0 || last.marked != last.asked || n > 0 {
		t.Errorf("b: %d stepped aside; %+v; at last %+v", n, whole, last)
	}
	return fmt.Sprintf("%d of 3 routes stay, %d of %d questions unanswered, %d answers marked as old", len(f.routes(t)), last.lost, last.asked, last.marked)
}

func (f *anycast) oneIsCutOff(t *testing.T, c *crowd) string {
	t.Helper()
	first, others := f.servers[0], f.servers[1:]
	from, aside := c.now(), f.aside()
	f.watch.Phase("(c) one is cut off")
	f.isolate(t, first)
	f.change(t, others...)
	awaitPreserved(t, first)
	last := c.next(t, lasting)
	f.watch.Fires(t, "HoldfastPrimariesSilent warning", "HoldfastZoneStale warning", "HoldfastZoneStale critical", "HoldfastAnswersMarkedStale warning", "HoldfastUnfit warning", "HoldfastNoPeerAnswers critical", "HoldfastNobodyMayLeave warning")
	f.announced(t, f.servers...)
	whole := c.between(t, from, c.now())
	if n := f.aside() - aside; whole.lost > 0 || last.by["1"] == 0 || last.markedBy["1"] != last.by["1"] || last.marked != last.by["1"] || last.unsaid > 0 || n > 0 {
		t.Errorf("c: %d stepped aside; %+v; at last %+v, want all answers of server 1 marked, and of no other", n, whole, last)
	}
	return fmt.Sprintf("%d of 3 routes stay, %d of %d questions unanswered, all %d answers of that server marked as old", len(f.routes(t)), last.lost, last.asked, last.by["1"])
}

func (f *anycast) allAreTerminated(t *testing.T, c *crowd) string {
	t.Helper()
	from, begin := c.now(), time.Now()
	f.watch.Phase("(d) SIGTERM to all at once")
	f.terminate(t)
	lab.Until(t, "the deadline", func() bool { return f.said(lab.LogLeavesByForce) > 0 })
	to, routes, left, held := c.now(), f.routes(t), f.said(lab.LogLeaves), time.Since(begin)
	f.watch.Fires(t, "HoldfastHeld warning", "HoldfastForced critical")
	f.watch.May("HoldfastNobodyMayLeave warning", "CoreDNSDown critical") // the one that left first is gone
	whole := c.between(t, from, to)
	if whole.lost > 0 || len(routes) != 2 || left != 1 || held < holdLimit {
		t.Errorf("d: routes %q after %s, %d have left on promises; %+v", routes, held, left, whole)
	}
	return fmt.Sprintf("%d of 3 routes stay, %d of %d questions unanswered in %s", len(routes), whole.lost, whole.asked, holdLimit)
}

// cured heals all, and waits until everybody is fit and has the newest data.
func (f *anycast) cured(t *testing.T, c *crowd) string {
	t.Helper()
	from := c.now()
	f.watch.Cure()
	f.watch.May("HoldfastAside warning") // the one that is cured last, if the others are fit before
	f.Heal(t)
	for _, h := range f.servers {
		// One that is cured last may just have stepped aside for the second or third time, and keeps
		// to that for a while.
		lab.Eventually(t, 3*time.Minute, func() string {
			if told := h.Ready(); told != "200 OK" {
				return fmt.Sprintf("server %d says %s", h.Number, told)
			}
			return ""
		})
	}
	f.announced(t, f.servers...)
	f.reaches(t, f.servers...)
	f.watch.Ends(t)
	to := c.now()
	well, before := c.next(t, 300), c.between(t, from, to)
	if before.lost > 0 || well.lost > 0 || well.old > 0 || well.marked > 0 || len(well.by) != 3 {
		t.Errorf("e: until all are fit: %+v; then %+v", before, well)
	}
	return fmt.Sprintf("%d questions unanswered until all are fit; of the next %d, %d unanswered and %d marked as old, from %d servers", before.lost, well.asked, well.lost, well.marked, len(well.by))
}

// awaitPreserved waits until a server is unfit, and stays because too few promise to.
func awaitPreserved(t *testing.T, h *lab.Host) {
	t.Helper()
	lab.Eventually(t, 3*lab.Patience, func() string {
		told := h.Ready()
		if strings.HasPrefix(told, "200 PRESERVED: vital stalecheck: ") {
			return ""
		}
		return fmt.Sprintf("server %d says %s", h.Number, told)
	})
}

// aside is how often somebody has stepped aside.
func (f *anycast) aside() int { return f.said(lab.LogStepsAside) }

// said is how often the servers have logged a line.
func (f *anycast) said(line string) (n int) {
	for _, h := range f.servers {
		n += len(h.Member.Said(line))
	}
	return n
}
