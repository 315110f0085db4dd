package selfpreserve

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"

	"github.com/miekg/dns"
)

// backend is a plugin that says how it is.
type backend struct {
	name  string
	ready func() bool
	vital func() error
}

func (b backend) Name() string { return b.name }
func (b backend) Ready() bool  { return b.ready() }
func (b backend) Vital() error { return b.vital() }
func (b backend) ServeDNS(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
	return 0, nil
}

func TestThreeFailuresInARowMakeUnfitAndThreePassesMakeFit(t *testing.T) {
	sick := errors.New("SERVFAIL")
	all := new(checks)
	all.add("canary a. A", nil)
	all.add("canary b. A", nil)
	for i, step := range []struct {
		a, b           error
		fit, allPassed bool
		why            string
		gauge          bool // of a
	}{
		{sick, nil, true, false, "", false}, // it has not passed yet
		{nil, nil, true, true, "", true},
		{sick, nil, true, false, "", true}, {sick, sick, true, false, "", true}, {nil, sick, true, false, "", true},
		{sick, sick, false, false, "canary b. A: SERVFAIL", true}, {nil, nil, false, true, "canary b. A: SERVFAIL", true},
		{nil, nil, false, true, "canary b. A: SERVFAIL", true}, {sick, sick, false, false, "canary b. A: SERVFAIL", true},
		{sick, nil, false, false, "canary b. A: SERVFAIL", true}, {sick, nil, false, false, "canary a. A: SERVFAIL, canary b. A: SERVFAIL", false},
		{nil, nil, false, true, "canary a. A: SERVFAIL", false}, {nil, sick, false, false, "canary a. A: SERVFAIL", false},
		{nil, nil, true, true, "", true},
	} {
		want := promise.Fitness{Fit: step.fit, AllPassed: step.allPassed, PluginsReady: true, Why: step.why}
		if got := all.note(time.Duration(i), []error{step.a, step.b}); got != want || all.all[0].fit() != step.gauge {
			t.Errorf("%d: %+v, gauge %v; want %+v, %v", i, got, all.all[0].fit(), want, step.gauge)
		}
	}
	if got := all.all[0].since; got != 11 {
		t.Errorf("well since %d", got)
	}
	all.note(15, []error{nil, nil})
	if got := all.all[0].since; got != 11 {
		t.Errorf("well since %d, which is the last look", got)
	}
}

func TestWithoutAnyCheckAServerIsFit(t *testing.T) {
	if got := new(checks).note(0, nil); !got.Fit || !got.AllPassed {
		t.Errorf("%+v", got)
	}
}

func TestPluginsAreAskedBothWaysAndTwoOfANameAreOneCheck(t *testing.T) {
	ready, vital := [2]bool{true, true}, [2]error{}
	all := new(checks)
	for i, block := range []string{"a.", "b."} {
		all.addPlugin(block, backend{"file", func() bool { return ready[i] }, func() error { return vital[i] }})
	}
	all.addPlugin("a.", plugin.HandlerFunc(nil)) // which has nothing to say
	run := func(pluginsReady bool, want ...string) {
		t.Helper()
		errs := all.run(t.Context())
		if got := all.note(0, errs); got.PluginsReady != pluginsReady {
			t.Errorf("every plugin is ready: %v, want %v", got.PluginsReady, pluginsReady)
		}
		for i, err := range errs {
			got := ""
			if err != nil {
				got = err.Error()
			}
			if all.all[i].name != []string{"ready file", "vital file"}[i] || got != want[i] {
				t.Errorf("%s: %q, want %q", all.all[i].name, got, want[i])
			}
		}
	}
	run(true, "", "")
	ready[1] = false
	run(false, "not ready in b.", "")
	ready[1], vital[0] = true, errors.New("stale")
	run(true, "", "stale")
	ready = [2]bool{}
	run(false, "not ready in a.\nnot ready in b.", "stale")
	if len(all.all) != 2 {
		t.Errorf("%d checks", len(all.all))
	}
}

func TestACheckThatPanicsOrNeverReturnsFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck, asked := make(chan struct{}), atomic.Int32{}
		all := new(checks)
		all.add("vital broken", func(context.Context) error { panic("nil map") })
		all.add("vital stuck", func(context.Context) error { asked.Add(1); <-stuck; return nil })
		all.add("vital good", func(context.Context) error { return nil })
		run := func(after time.Duration, want string) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			begin, texts := time.Now(), []string{}
			for _, err := range all.run(ctx) {
				if err == nil {
					err = errors.New("ok")
				}
				texts = append(texts, err.Error())
			}
			if got := strings.Join(texts, ", "); got != want || time.Since(begin) != after {
				t.Errorf("%s after %s, want %s after %s", got, time.Since(begin), want, after)
			}
		}
		run(time.Second, "panicked: nil map, does not answer, ok")
		run(0, "panicked: nil map, does not answer, ok") // and is not asked again
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		close(stuck)
		synctest.Wait()
		run(0, "panicked: nil map, ok, ok")
	})
}

func TestADoubtfulServerPromisesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		f.nodes[1].fails("SERVFAIL")
		time.Sleep(1300 * time.Millisecond) // one failure or two
		f.terminate(f.nodes[0])
		time.Sleep(100 * time.Millisecond)
		if got := f.nodes[0].ready(); got != "200 PRESERVED: SIGTERM, with 0 of 1 promises; 10.0.0.2:8182 is not fit; leaves in 19s at the latest" {
			t.Error(got)
		}
		if got := f.nodes[1].ready(); got != "200 OK" {
			t.Error(got)
		}
		f.nodes[1].heals()
		time.Sleep(5 * time.Second)
		if got := f.states(); got != "gone serving" {
			t.Error(got)
		}
	})
}

func TestAReloadInheritsWhatTheChecksHaveSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(1))
		m := f.nodes[0]
		gives := func(n int) {
			t.Helper()
			if got := m.given(); got != n {
				t.Errorf("%d promises are given, want %d", got, n)
			}
		}
		f.nodes[1].fails("SERVFAIL")
		f.nodes[2].fails("SERVFAIL")
		time.Sleep(10 * time.Second)
		m.fails("REFUSED")
		var before check
		for before.fails < tolerated {
			time.Sleep(10 * time.Millisecond)
			m.mu.Lock()
			before = *m.checks.all[0]
			m.mu.Unlock()
		}
		gives(2)
		s := f.dependencies(m)
		m.run(s)
		synctest.Wait() // the third failure in a row
		m.mu.Lock()
		if got := s.checks.all[0]; got.fails != tolerated+1 || !got.passed || got.since != before.since {
			t.Errorf("%+v, before the reload it was %+v", *got, before)
		}
		m.mu.Unlock()
		if got := m.ready(); !strings.HasPrefix(got, "200 PRESERVED: canary test. A: REFUSED, ") {
			t.Errorf("after the reload: %s", got)
		}
		gives(2) // a reload ends none
	})
}
