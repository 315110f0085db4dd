package lab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// Watch is a Prometheus beside servers to which something happens, phase by phase: which
// alerts fired when, and when they ended. Without one, which nil is, nothing is watched.
type Watch struct {
	*Prometheus
	phases []phase
}

// phase is a part of what happens. In it these alerts fire, and these may.
type phase struct {
	what       string
	begin, end time.Time
	fires, may []string
}

// Fired is an alert in a phase.
type Fired struct {
	Phase, Alert string        // the alert's name and severity
	After        time.Duration // since the phase began
	Ended        time.Duration // since the phase was over; below zero it ended before
	Ends         bool
}

// End says when the alert ended.
func (f Fired) End() string {
	switch {
	case !f.Ends:
		return "goes on"
	case f.Ended < 0:
		return "before that"
	}
	return fmt.Sprintf("%.0f s", f.Ended.Seconds())
}

// NewWatch watches with a Prometheus.
func NewWatch(p *Prometheus) *Watch { return &Watch{Prometheus: p} }

// Add lets servers be scraped, at these addresses, too.
func (w *Watch) Add(t *testing.T, addrs ...string) {
	t.Helper()
	if w != nil {
		w.Prometheus.Add(t, addrs...)
	}
}

// Remove ends that.
func (w *Watch) Remove(t *testing.T, addr string) {
	t.Helper()
	if w != nil {
		w.Prometheus.Remove(t, addr)
	}
}

// quietTime is longer than several evaluations of what a server shows.
const quietTime = 5 * time.Second

// Quiet begins a phase in which the servers are well and no alert may fire, and stays in it for
// a few seconds.
func (w *Watch) Quiet(t *testing.T) {
	t.Helper()
	if w == nil {
		return
	}
	w.AwaitScraped(t)
	w.Phase("all are well")
	Throughout(t, quietTime, func() string { return "" })
}

// Begin is when the first phase began.
func (w *Watch) Begin() time.Time { return w.phases[0].begin }

// Begins are when each phase began.
func (w *Watch) Begins() (all []time.Time) {
	for _, p := range w.phases {
		all = append(all, p.begin)
	}
	return all
}

// Phase begins a phase. Until the next one no alert may begin to fire but those that Fires and
// May name.
func (w *Watch) Phase(what string) {
	if w == nil {
		return
	}
	w.over()
	w.phases = append(w.phases, phase{what: what, begin: time.Now()})
}

func (w *Watch) over() {
	if n := len(w.phases); n > 0 && w.phases[n-1].end.IsZero() {
		w.phases[n-1].end = time.Now()
	}
}

// alertsWait is longer than any alert waits for that a test waits for.
const alertsWait = 90 * time.Second

// Fires waits until these alerts, by name and severity, have fired in this phase.
func (w *Watch) Fires(t *testing.T, alerts ...string) {
	t.Helper()
	if w == nil {
		return
	}
	now := &w.phases[len(w.phases)-1]
	now.fires = append(now.fires, alerts...)
	Eventually(t, alertsWait, func() string {
		fired := w.firing(t, now.begin, time.Now())
		for _, name := range alerts {
			if fired[name] == nil {
				return fmt.Sprintf("%s: %s does not fire", now.what, name)
			}
		}
		return ""
	})
}

// May names alerts that may fire in this phase: how long it takes decides.
func (w *Watch) May(alerts ...string) {
	if w == nil {
		return
	}
	now := &w.phases[len(w.phases)-1]
	now.may = append(now.may, alerts...)
}

// Ends waits until no alert fires but these.
func (w *Watch) Ends(t *testing.T, but ...string) {
	t.Helper()
	if w == nil {
		return
	}
	Eventually(t, alertsWait, func() string {
		for name := range w.now(t) {
			if !slices.Contains(but, name) {
				return name + " goes on firing"
			}
		}
		return ""
	})
}

// Cure begins a phase in which alerts of the phase before may come and go.
func (w *Watch) Cure() {
	if w == nil {
		return
	}
	last := w.phases[len(w.phases)-1]
	w.Phase("cure of " + last.what)
	w.May(slices.Concat(last.fires, last.may)...)
}

// firing are the alerts that fire after an instant and up to another, by name and severity, and
// each instant at which Prometheus has found that.
func (w *Watch) firing(t *testing.T, from, to time.Time) map[string][]Sample {
	t.Helper()
	found := make(map[string][]Sample)
	for _, s := range w.Query(t, fmt.Sprintf(`ALERTS{alertstate="firing"}[%dms]`, max(to.Sub(from).Milliseconds(), 1)), to) {
		name := s.Labels["alertname"] + " " + s.Labels["severity"]
		found[name] = append(found[name], s.Samples...)
	}
	for _, samples := range found {
		slices.SortFunc(samples, func(a, b Sample) int { return a.At.Compare(b.At) })
	}
	return found
}

// now are the alerts that fire.
func (w *Watch) now(t *testing.T) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	for _, s := range w.Query(t, `ALERTS{alertstate="firing"}`, time.Now()) {
		found[s.Labels["alertname"]+" "+s.Labels["severity"]] = true
	}
	return found
}

// Told ends the last phase and returns what has fired, in the order of phases and instants. It
// fails the test for each alert that began to fire in a phase that does not have it, and for
// rules that cannot be evaluated or whose words cannot.
func (w *Watch) Told(t *testing.T) (all []Fired) {
	t.Helper()
	if w == nil {
		return nil
	}
	w.over()
	for _, why := range w.Complains(t) {
		t.Error(why)
	}
	end := time.Now()
	fired, still := w.firing(t, w.phases[0].begin, end), w.now(t)
	for i, ph := range w.phases {
		next := end
		if i+1 < len(w.phases) {
			next = w.phases[i+1].begin
		}
		var here []Fired
		for _, name := range slices.Sorted(maps.Keys(fired)) {
			all := runs(fired[name])
			for j, run := range all {
				from, to := run[0].At, run[len(run)-1].At
				if i > 0 && from.Before(ph.begin) || !from.Before(next) {
					continue
				}
				if !slices.Contains(slices.Concat(ph.fires, ph.may), name) {
					t.Errorf("%s: %s fires after %s", ph.what, name, from.Sub(ph.begin).Round(time.Second))
				}
				f := Fired{ph.what, name, from.Sub(ph.begin), to.Sub(ph.end), j < len(all)-1 || !still[name]}
				if n := len(here); n > 0 && here[n-1].Alert == name { // it came again
					f.After = here[n-1].After
					here = here[:n-1]
				}
				here = append(here, f)
			}
		}
		slices.SortStableFunc(here, func(a, b Fired) int { return cmp.Compare(a.After, b.After) })
		all = append(all, here...)
	}
	return all
}

// grain is less than what makes an end between two samples.
const grain = 2500 * time.Millisecond

// runs are the samples from each beginning to each end.
func runs(samples []Sample) (all [][]Sample) {
	for i, s := range samples {
		if i == 0 || s.At.Sub(samples[i-1].At) >= grain {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], s)
	}
	return all
}
