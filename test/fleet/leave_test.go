package fleet

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
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

	lab.Until(t, "four leave", func() bool { return len(f.whoSaid(lab.LogLeaves)) == 4 })
	t.Logf("four of five left within %s", time.Since(begin).Round(time.Millisecond))
	last := f.others(f.whoSaid(lab.LogLeaves)...)[0]
	for _, p := range f.others(last) {
		p.Exits(t, 0)
	}
	last.await(t, `200 PRESERVED: SIGTERM, with 0 of 1 promises; 127\.0\.0\.\d:\d+.* (?:is leaving|refused).*|200 PRESERVED: SIGTERM, with 0 of 1 promises; nobody else to ask; leaves in \d+s at the latest`)
	lab.Until(t, "a round in vain is counted", func() bool {
		n := last.metric(`departures_total{cause="termination",outcome="refused"}`)
		return n != "" && n != "0"
	})
	if s := last.Status(); s.State != "asking" || s.KnownPeers != 4 || s.Promises.Held != 0 {
		t.Errorf("the last one's status is %+v", s)
	}
	lab.Until(t, "the last leaves by force", func() bool { return len(last.Said(lab.LogLeavesByForce+"10s: ")) == 1 })
	if held := time.Since(begin); held < 10*time.Second {
		t.Errorf("it left by force after %s", held)
	}
	last.Exits(t, 0)
	if granted := len(f.whoSaid(lab.LogLeaves)); granted != 4 || f.Forced() != 1 {
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
	lab.Until(t, "three leave", func() bool { return len(f.whoSaid(lab.LogLeaves)) == 3 })
	stay := f.others(f.whoSaid(lab.LogLeaves)...)
	for _, p := range stay {
		p.await(t, `200 PRESERVED: SIGTERM, with [01] of 2 promises.*`)
	}
	two()
	defer f.watch(t, 1)()
	stay[0].End(syscall.SIGKILL)
	lab.Until(t, "the other leaves by force", func() bool { return len(stay[1].Said(lab.LogLeavesByForce)) == 1 })
	stay[1].Exits(t, 0)
	if granted := len(f.whoSaid(lab.LogLeaves)); granted != 3 {
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
	unfit.Backend.Answers(lab.Silent)
	unfit.await(t, `503 ASIDE: canary canary\.test\. A: .*, with 2 of 2 promises`)
	var givers []*peer
	lab.Until(t, "two have promised", func() bool {
		givers = f.who(func(p *peer) bool { return p.Status().Promises.Given > 0 })
		return len(givers) == 2
	})
	f.signal(t, syscall.SIGTERM)
	givers[0].SendSignal(t, syscall.SIGKILL)
	givers[1].SendSignal(t, syscall.SIGUSR1)

	lab.Until(t, "somebody stays until max_hold", func() bool { return f.Forced() > 0 })
	for _, p := range f.others(givers[0]) {
		p.Exits(t, 0)
	}
	if len(unfit.Said(lab.LogLeaves)) == 0 {
		t.Error("the one that was aside did not leave on promises")
	}
	if granted := len(f.whoSaid(lab.LogLeaves)); granted > 3 {
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
		before := p.Status().ID
		p.SendSignal(t, syscall.SIGTERM)
		lab.Until(t, p.IP+" leaves", func() bool { return len(p.Said(lab.LogLeaves)) == 1 })
		t.Logf("%s was held for %s s", p.IP, p.metric("hold_duration_seconds_sum"))
		p.Exits(t, 0)
		p.Start(t)
		p.await(t, "200 OK")
		if after := p.Status().ID; after == before {
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
	f.all[0].await(t, "200 PRESERVED: SIGTERM, with 0 of 1 promises; it started less than a promise's lifetime ago; leaves in \\d+m\\d+s at the latest")
	lab.AllPreserved(t, 2*time.Second, f.all[0].Member)
}

// No peer is configured: SIGTERM asks nobody, one line is written, and there is no error.
func TestLoneServerLeavesAtOnce(t *testing.T) {
	t.Parallel()
	p := newFleet(t, 1, "").all[0]
	p.Configure(t, p.CorefileWith("selfpreserve "+p.HTTP+" {\n max_hold 1h\n canary canary.test\n}"))
	p.Start(t)
	p.await(t, "200 OK")
	before := len(p.Said("plugin/selfpreserve"))
	p.SendSignal(t, syscall.SIGTERM)
	p.Exits(t, 0)
	if lines := p.Said("plugin/selfpreserve")[before:]; len(lines) != 1 || lines[0] != "[INFO] plugin/selfpreserve: Leaving service: no peers are configured" {
		t.Errorf("SIGTERM makes it log %q", lines)
	}
	if lines := p.Complaints(); len(lines) > 0 {
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
	lab.Until(t, "it says that no peer answers", func() bool {
		return len(p.Said("[WARNING] plugin/selfpreserve: The only known peer does not answer: this server stays in service until it does")) == 1
	})
	begin := time.Now()
	p.SendSignal(t, syscall.SIGTERM)
	p.await(t, `200 PRESERVED: SIGTERM, with 0 of 1 promises; .*`)
	lab.Until(t, "it leaves by force", func() bool {
		return len(p.Said(lab.LogLeavesByForce+"4s: too few peers have promised to stay (0 of 1 known peers answer)")) == 1
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
		lab.Until(t, metric+" is "+want, func() bool { return p.metric(metric) == want })
	}
	if len(p.Said(asksToLeave+"(min_peers 1, 1 known)")) != 1 || len(p.Said("Staying in service: ")) != 1 {
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
	lab.Until(t, "the first SIGINT is heard", func() bool { return len(p.Said("SIGINT: Shutting down")) == 1 })
	lab.AllPreserved(t, time.Second, p.Member)
	p.SendSignal(t, syscall.SIGINT)
	p.Exits(t, 2)
	if len(p.Said("SIGINT: Force quit")) != 1 || len(p.Said("Leaving service")) != 0 {
		t.Errorf("it logs\n%s", p)
	}
}
