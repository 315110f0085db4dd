package test

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// All of a fleet get SIGTERM at one instant. Each that leaves does so on promises, and
// the last one stays for as long as it may.
func TestFleetThatIsTerminatedAtOnceKeepsOneUntilMaxHold(t *testing.T) {
	t.Parallel()
	f := runMatureFleet(t, 5, hasty)
	defer f.audience(t)()
	defer f.watch(t, 1)()
	begin := time.Now()
	f.signal(t, syscall.SIGTERM)

	until(t, "four leave", func() bool { return len(f.whoSaid(leaves)) == 4 })
	t.Logf("four of five left within %s", time.Since(begin).Round(time.Millisecond))
	last := f.others(f.whoSaid(leaves)...)[0]
	for _, p := range f.others(last) {
		p.Exits(t, 0)
	}
	last.await(t, `200 PRESERVED: SIGTERM, has 0 of 1 promises; 127\.0\.0\.\d:\d+.* (?:is leaving|refused)|200 PRESERVED: SIGTERM, has 0 of 1 promises; nobody else to ask`)
	until(t, "a round in vain is counted", func() bool {
		n := last.metric(`departures_total{cause="termination",outcome="refused"}`)
		return n != "" && n != "0"
	})
	if s := last.status(); s.State != "asking" || s.KnownPeers != 4 || s.Promises.Held != 0 {
		t.Errorf("the last one's status is %+v", s)
	}
	until(t, "the last leaves by force", func() bool { return len(last.said(leavesByForce+"10s: ")) == 1 })
	if held := time.Since(begin); held < 10*time.Second {
		t.Errorf("it left by force after %s", held)
	}
	last.Exits(t, 0)
	if granted := len(f.whoSaid(leaves)); granted != 4 || f.Forced() != 1 {
		t.Errorf("%d left on promises and %d by force", granted, f.Forced())
	}
}

// With min_peers 2 two stay, and when one of them is killed the other stays.
func TestFleetThatIsTerminatedAtOnceKeepsMinPeers(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 5, hasty+"min_peers 2\n")
	defer f.audience(t)()
	two := f.watch(t, 2)
	defer two()
	f.signal(t, syscall.SIGTERM)
	until(t, "three leave", func() bool { return len(f.whoSaid(leaves)) == 3 })
	stay := f.others(f.whoSaid(leaves)...)
	for _, p := range stay {
		p.await(t, `200 PRESERVED: SIGTERM, has [01] of 2 promises.*`)
	}
	two()
	defer f.watch(t, 1)()
	stay[0].end(syscall.SIGKILL)
	until(t, "the other leaves by force", func() bool { return len(stay[1].said(leavesByForce)) == 1 })
	stay[1].Exits(t, 0)
	if granted := len(f.whoSaid(leaves)); granted != 3 {
		t.Errorf("%d left on promises, want 3", granted)
	}
}

// At one instant, while one is aside, all get SIGTERM, one of the two that it leans on is
// killed, and the other is told to reload.
func TestFleetToWhichEverythingHappensAtOnceGoesOnAnswering(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 5, hasty+"min_peers 2\n")
	defer f.audience(t)()
	defer f.watch(t, 1)() // two stay, of which one may be the one that is killed
	unfit := f.all[0]
	unfit.Backend.answers(silent)
	unfit.await(t, `503 ASIDE: canary canary\.test\. A: .*, has 2 of 2 promises`)
	var givers []*peer
	until(t, "two have promised", func() bool {
		givers = f.who(func(p *peer) bool { return p.status().Promises.Given > 0 })
		return len(givers) == 2
	})
	f.signal(t, syscall.SIGTERM)
	givers[0].SendSignal(t, syscall.SIGKILL)
	givers[1].SendSignal(t, syscall.SIGUSR1)

	until(t, "somebody stays until max_hold", func() bool { return f.Forced() > 0 })
	for _, p := range f.others(givers[0]) {
		p.Exits(t, 0)
	}
	if len(unfit.said(leaves)) == 0 {
		t.Error("the one that was aside did not leave on promises")
	}
	if granted := len(f.whoSaid(leaves)); granted > 3 {
		t.Errorf("%d of 5 left on promises, of 2 each", granted)
	}
}

// Every server of a fleet is terminated, waited for and started again. Nobody has to be
// forced, and clients notice nothing.
func TestFleetIsRestartedOneByOneWithoutForce(t *testing.T) {
	t.Parallel()
	f := runMatureFleet(t, 5, hasty)
	defer f.audience(t)()
	defer f.watch(t, 3)() // one is away, and a look may have missed that the one before came back
	begin := time.Now()
	for _, p := range f.all {
		before := p.status().ID
		p.SendSignal(t, syscall.SIGTERM)
		until(t, p.IP+" leaves", func() bool { return len(p.said(leaves)) == 1 })
		t.Logf("%s was held for %s s", p.IP, p.metric("hold_duration_seconds_sum"))
		p.Exits(t, 0)
		p.Start(t)
		p.await(t, "200 OK")
		if after := p.status().ID; after == before {
			t.Errorf("%s has kept its id", p.IP)
		}
	}
	t.Logf("a rolling restart of five took %s", time.Since(begin).Round(time.Millisecond))
	if n := f.Forced(); n > 0 {
		t.Errorf("%d left by force", n)
	}
}

// Within a promise's lifetime of its start a server may have promised and forgotten.
func TestServerThatHasJustStartedDoesNotLeave(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 2, "promise 1m\n interval 500ms\n max_hold 1h\n")
	f.all[0].SendSignal(t, syscall.SIGTERM)
	f.all[0].await(t, "200 PRESERVED: SIGTERM, has 0 of 1 promises, and started less than a promise's lifetime ago")
	allPreserved(t, 2*time.Second, f.all[0].member)
}

// No peer is configured: SIGTERM asks nobody, one line is written, and there is no error.
func TestLoneServerLeavesAtOnce(t *testing.T) {
	t.Parallel()
	p := newFleet(t, 1, "").all[0]
	p.Configure(t, p.CorefileWith("selfpreserve "+p.http+" {\n max_hold 1h\n canary canary.test\n}"))
	p.Start(t)
	p.await(t, "200 OK")
	before := len(p.said("plugin/selfpreserve"))
	p.SendSignal(t, syscall.SIGTERM)
	p.Exits(t, 0)
	if lines := p.said("plugin/selfpreserve")[before:]; len(lines) != 1 || lines[0] != "[INFO] plugin/selfpreserve: Leaves service: it has no peers" {
		t.Errorf("SIGTERM makes it log %q", lines)
	}
	if lines := p.complaints(); len(lines) > 0 {
		t.Errorf("it logs %q", lines)
	}
}

// Peers are configured and none answers: the server is the last, or cut off.
func TestServerOfWhosePeersNoneAnswersStaysUntilMaxHold(t *testing.T) {
	t.Parallel()
	p := newFleet(t, 2, "promise 1s\n interval 200ms\n max_hold 4s\n").all[0]
	corefile := p.Corefile("promise 1s\n interval 200ms\n max_hold 4s\n")
	p.Configure(t, strings.Replace(corefile, "lameduck 1s", "lameduck 1m", 1)) // to look at it
	p.Start(t)
	p.await(t, "200 OK")
	until(t, "it says that no peer answers", func() bool {
		return len(p.said("[WARNING] plugin/selfpreserve: No peer answers, of 1 known: this server stays in service until one does, or max_hold is over")) == 1
	})
	begin := time.Now()
	p.SendSignal(t, syscall.SIGTERM)
	p.await(t, `200 PRESERVED: SIGTERM, has 0 of 1 promises; .*`)
	until(t, "it leaves by force", func() bool {
		return len(p.said(leavesByForce+"4s: too few peers have promised to stay (0 of 1 known answer)")) == 1
	})
	if held := time.Since(begin); held < 4*time.Second {
		t.Errorf("it left by force after %s", held)
	}
	p.await(t, "503 LEAVING")
	for metric, want := range map[string]string{
		`departures_total{cause="termination",outcome="forced"}`: "1",
		`hold_duration_seconds_count`:                            "1",
		`hold_duration_seconds_bucket{le="2"}`:                   "0",
		`hold_duration_seconds_bucket{le="300"}`:                 "1",
		`state{state="leaving"}`:                                 "1",
		`state{state="asking"}`:                                  "0",
		`peers{status="unreachable"}`:                            "1",
	} {
		until(t, metric+" is "+want, func() bool { return p.metric(metric) == want })
	}
	if len(p.said(asksToLeave+"SIGTERM, has 0 of 1 promises")) != 1 || len(p.said("Stays in service: ")) != 1 {
		t.Errorf("it logs\n%s", p)
	}
}

// SIGINT twice ends a server that is held. A second SIGTERM does not.
func TestTwoInterruptsEndAHoldAtOnce(t *testing.T) {
	t.Parallel()
	p := newFleet(t, 2, "promise 1s\n interval 200ms\n max_hold 1h\n").all[0]
	p.Start(t)
	p.await(t, "200 OK")
	p.SendSignal(t, syscall.SIGTERM)
	p.await(t, `200 PRESERVED: SIGTERM.*`)
	p.SendSignal(t, syscall.SIGTERM)
	p.SendSignal(t, syscall.SIGINT)
	until(t, "the first SIGINT is heard", func() bool { return len(p.said("SIGINT: Shutting down")) == 1 })
	allPreserved(t, time.Second, p.member)
	p.SendSignal(t, syscall.SIGINT)
	p.Exits(t, 2)
	if len(p.said("SIGINT: Force quit")) != 1 || len(p.said("Leaves service")) != 0 {
		t.Errorf("it logs\n%s", p)
	}
}
