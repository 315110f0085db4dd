package fleet

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// calm are options with which stalls of a second make nobody unfit, and end no promise.
const calm = "promise 4s\n interval 1s\n max_hold 20s\n canary canary.test\n"

// calmPromise is the lifetime of promises of calm.
const calmPromise = 4 * time.Second

// slowCanary are options with which all have seen a first failure of a fault that hits all at
// one instant, after 2.4 s, before anybody is unfit, after 3.2 s: nobody promises.
const slowCanary = "promise 6s\n interval 2s\n max_hold 20s\n canary canary.test\n"

// slowPromise is the lifetime of promises of slowCanary.
const slowPromise = 6 * time.Second

// What /ready says of a canary that fails. A busy machine may give it another reason
// than the test did.
const (
	asideOnOne = `503 ASIDE: canary canary\.test\. A: .+, with 1 of 1 promises`
	asksInVain = `200 PRESERVED: canary canary\.test\. A: .+, with [01] of 1 promises.*`
)

// giver waits until one server, and no other, has promised to stay.
func (f *fleet) giver(t *testing.T) (one *peer) {
	t.Helper()
	lab.Until(t, "one has promised", func() bool {
		givers := f.who(func(p *peer) bool { return p.Status().Promises.Given > 0 })
		if len(givers) != 1 {
			return false
		}
		one = givers[0]
		return true
	})
	return one
}

// One that is unfit is aside for as long as others promise to stay. When they are unfit
// too they do not step aside, and it comes back.
func TestFleetTakesAnUnfitServerBackWhenTheOthersAreUnfitToo(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 5, slowCanary)
	defer f.audience(t)()
	codes := f.watch(t, 4)
	defer codes()
	unfit := f.all[0]
	others := f.others(unfit)

	unfit.Backend.Answers(dns.RcodeServerFailure)
	unfit.await(t, asideOnOne)
	lab.Throughout(t, slowPromise*5/4, func() string {
		if told := unfit.Ready(); told[:3] != "503" {
			return "it does not stay aside: " + told
		}
		return ""
	})
	if !unfit.Answers("www.example.org.") {
		t.Error("it does not answer while it is aside")
	}
	f.giver(t)
	for metric, want := range map[string]string{
		`state{state="aside"}`:               "1",
		`fit{check="canary canary.test. A"}`: "0",
		`promises{direction="held"}`:         "1",
	} {
		lab.Until(t, metric+" is "+want, func() bool { return unfit.metric(metric) == want })
	}
	if n := unfit.metric(`departures_total{cause="unfit",outcome="granted"}`); n == "" || n == "0" {
		t.Errorf("of the departures that were granted %q are counted", n)
	}

	fault := time.Now()
	for i, p := range others {
		p.Backend.Answers([]int32{dns.RcodeServerFailure, dns.RcodeRefused}[i%2]) // silence is noticed later
	}
	unfit.await(t, asksInVain)
	t.Logf("it was back in service %s after the others had failed", time.Since(fault).Round(time.Millisecond))
	if took := time.Since(fault); took > slowPromise+lab.Patience {
		t.Errorf("it came back after %s, want a promise's lifetime", took)
	}
	for _, p := range others {
		p.await(t, asksInVain)
	}
	lab.Throughout(t, slowPromise/2, func() string {
		if in := f.who(func(p *peer) bool { return p.Status().State == "asking" }); len(in) != len(f.all) {
			return "not all ask in vain"
		}
		return ""
	})

	had := codes()
	for _, p := range others {
		if !slices.Equal(had[p], []string{"200"}) || len(p.Said(lab.LogStepsAside)) > 0 {
			t.Errorf("%s was out of service: /ready had %q", p.IP, had[p])
		}
	}
	if len(unfit.Said(lab.LogStepsAside)) == 0 || len(unfit.Said(comesBack)) == 0 {
		t.Error("the log of the first does not say that it steps aside and comes back")
	}

	// The first is cured before the others can promise again, or it would step aside a second
	// time, and keep to that for a minute.
	unfit.Backend.Answers(dns.RcodeSuccess)
	unfit.await(t, "200 OK")
	for _, p := range others {
		p.Backend.Answers(dns.RcodeSuccess)
	}
	for _, p := range f.all {
		p.await(t, "200 OK")
		lab.Until(t, p.IP+" says that it is fit again", func() bool { return len(p.Said(fitAgain)) > 0 })
	}
}

// A fault that hits all at one instant finds nobody who promises: all stay.
func TestFleetThatIsUnfitAtOnceStaysInService(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 5, slowCanary)
	defer f.audience(t)()
	codes := f.watch(t, 5)
	defer codes()
	for _, p := range f.all {
		p.Backend.Answers(dns.RcodeServerFailure)
	}
	for _, p := range f.all {
		p.await(t, asksInVain)
	}
	for _, p := range f.all {
		lab.Until(t, p.IP+" asks in vain", func() bool {
			return len(p.Said("[WARNING] plugin/selfpreserve: Staying in service: canary canary.test. A: ")) > 0
		})
	}
	// Nor do they when one of them wants to go for good.
	f.all[0].SendSignal(t, syscall.SIGTERM)
	f.all[0].await(t, "200 PRESERVED: SIGTERM.*")
	lab.Throughout(t, 2*time.Second, func() string {
		for _, p := range f.all {
			if s := p.Status(); s.State != "asking" {
				return p.IP + " is " + s.State
			}
		}
		return ""
	})
	codes()                                    // those that are cured let others step aside
	f.all[0].Backend.Answers(dns.RcodeSuccess) // its own health is not what it lacks
	f.all[1].Backend.Answers(dns.RcodeSuccess)
	f.all[1].await(t, "200 OK")
	lab.Until(t, "the one that was told to goes", func() bool { return len(f.all[0].Said(lab.LogLeaves)) == 1 })
}

// When what all depend on is lost, servers that start come into service all the same,
// and one that starts unfit among others that are well does not.
func TestFleetThatStartsUnfitComesIntoService(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 3, hasty)
	unfit := f.all[0]
	unfit.Backend.Answers(dns.RcodeServerFailure)
	for _, p := range f.all {
		p.Start(t)
	}
	for _, p := range f.others(unfit) {
		p.await(t, "200 OK")
	}
	unfit.await(t, asideOnOne)
	for _, p := range f.all {
		p.End(syscall.SIGKILL)
		p.Backend.Answers(dns.RcodeServerFailure)
	}
	for _, p := range f.all {
		p.Start(t)
	}
	for _, p := range f.all {
		p.await(t, "200 PRESERVED: .*")
	}
	for _, p := range f.all {
		p.Backend.Answers(dns.RcodeSuccess)
	}
	for _, p := range f.all {
		p.await(t, "200 OK")
	}
}

// Promises of servers that are killed end, and whoever is aside comes back.
func TestServerThatIsAsideComesBackWhenWhoPromisedIsKilled(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3, hasty)
	defer f.audience(t)()
	unfit := f.all[0]
	unfit.Backend.Answers(dns.RcodeServerFailure)
	unfit.await(t, asideOnOne)
	for _, p := range f.others(unfit) {
		p.End(syscall.SIGKILL)
	}
	begin := time.Now()
	unfit.await(t, asksInVain)
	t.Logf("it was back in service %s after the others were killed", time.Since(begin).Round(time.Millisecond))

	// One that is there again may promise. The cure comes when it has stepped aside twice.
	f.all[1].Start(t)
	unfit.await(t, asideOnOne)
	unfit.Backend.Answers(dns.RcodeSuccess)
	unfit.await(t, "503 ASIDE: fit again, but it has stepped aside 2 times recently and stays as it is for .*")
}
