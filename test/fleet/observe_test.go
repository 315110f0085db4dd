package fleet

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// Five that only observe get SIGTERM at one instant. They go as stock CoreDNS would, all at
// once; what they would have done without observe is in their log and their figures.
func TestAFleetThatObservesGoesAtOnceAndTellsWhatItWouldHaveDone(t *testing.T) {
	t.Parallel()
	const lameduck = 10 * time.Second
	const options = "promise 1s\n interval 250ms\n max_hold 1m\n canary canary.test\n observe\n"
	f := newFleet(t, 5, options)
	for _, p := range f.all {
		p.Configure(t, strings.Replace(p.Corefile(options), "lameduck 1s", "lameduck "+lameduck.String(), 1))
		p.Start(t)
	}
	for _, p := range f.all {
		p.await(t, "200 OK")
		lab.Until(t, p.IP+" is fit", func() bool { return len(p.Said("In service as ")) == 1 }) // which /ready does not wait for
	}
	f.all[0].Backend.Answers(5) // REFUSED: it would step aside, and stays
	lab.Until(t, "one would step aside", func() bool { return len(f.all[0].Said("Observing: would step aside, with /ready at 503: ")) == 1 })
	f.all[0].await(t, "200 OK")
	f.all[0].Backend.Answers(0)
	lab.Until(t, "and would be back", func() bool { return len(f.all[0].Said("Observing: fit again, would be back in service")) == 1 })

	begin := time.Now()
	f.signal(t, syscall.SIGTERM)
	for _, p := range f.all {
		p.await(t, "503 LEAVING")
	}
	const would, wouldHold = "[INFO] plugin/selfpreserve: Observing: would leave service now: enough peers have promised to stay: 127.0.0.", "[WARNING] plugin/selfpreserve: Observing: SIGTERM would now be held for at most "
	granted, refused := make(map[*peer]float64), make(map[*peer]float64) // what is counted stays so when they have gone
	lab.Until(t, "four would have left, and the last in vain", func() bool {
		var left, inVain float64
		for _, p := range f.all {
			granted[p] = max(granted[p], p.figure(`observed_departures_total{cause="termination",outcome="granted"}`))
			refused[p] = max(refused[p], p.figure(`observed_departures_total{cause="termination",outcome="refused"}`))
			left += granted[p]
			inVain += refused[p]
		}
		return left == 4 && inVain > 0
	})
	for _, p := range f.all {
		if n := p.figure(`departures_total{cause="termination",outcome="granted"}`) + p.figure(`hold_duration_seconds_count`); n != 0 {
			t.Errorf("%s counts what it has only observed", p.IP)
		}
	}
	for _, p := range f.all {
		p.Exits(t, 0)
	}
	if took := time.Since(begin); took < lameduck || took > lameduck+10*time.Second {
		t.Errorf("they are gone after %s, with a lame duck of %s", took, lameduck)
	}
	if left, held := len(f.whoSaid(would)), len(f.whoSaid(wouldHold)); left != 4 || held != 1 {
		t.Errorf("%d say that they would have left, %d that they would be held", left, held)
	}
	if n := len(f.whoSaid("[INFO] plugin/selfpreserve: Observing: SIGTERM would be held until enough peers promise to stay (min_peers 1, 4 known)")); n != 5 {
		t.Errorf("%d say that SIGTERM would be held", n)
	}
	if n := len(f.whoSaid("Leaving service")) + len(f.whoSaid("Holding SIGTERM")) + len(f.whoSaid("asking peers")); n > 0 {
		t.Errorf("%d speak as if they did not observe", n)
	}
}

// figure is the value of one of the plugin's metrics, or 0.
func (p *peer) figure(nameAndLabels string) float64 {
	value, _ := strconv.ParseFloat(p.metric(nameAndLabels), 64)
	return value
}
