package fleet

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A server that has promised to stay is reloaded, with a good Corefile and with a bad
// one. It keeps its promise: who relies on it stays aside.
func TestReloadKeepsThePromisesGiven(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3, calm)
	defer f.audience(t)()
	defer f.watch(t, 1)()
	unfit := f.all[0]
	unfit.Backend.Answers(dns.RcodeServerFailure)
	unfit.await(t, asideOnOne)
	giver := f.giver(t)
	id := giver.Status().ID
	kept := func() string {
		if s := giver.Status(); s.ID != id || s.Promises.Given != 1 {
			return fmt.Sprintf("its status is %+v", s)
		}
		if told := unfit.Ready(); !strings.HasPrefix(told, "503 ASIDE: ") {
			return "who relied on it is not aside: " + told
		}
		return ""
	}
	for _, step := range []struct{ options, outcome string }{
		{calm, reloaded},
		{"promise never\n" + calm, "[ERROR] SIGUSR1: "},
	} {
		giver.Configure(t, giver.Corefile(step.options))
		giver.SendSignal(t, syscall.SIGUSR1)
		lab.Until(t, "the log says "+step.outcome, func() bool {
			if told := kept(); told != "" {
				t.Fatal(told)
			}
			return len(giver.Said(step.outcome)) == 1
		})
		lab.Throughout(t, calmPromise/2, kept)
	}
	if n := len(unfit.Said(lab.LogStepsAside)); n != 1 {
		t.Errorf("it stepped aside %d times, want once", n)
	}

	// It may go once the one that relies on it has turned to another.
	other := f.others(unfit, giver)[0]
	giver.SendSignal(t, syscall.SIGTERM)
	lab.Until(t, "it leaves", func() bool { return len(giver.Said(lab.LogLeaves)) == 1 })
	if told := unfit.Ready(); other.Status().Promises.Given == 0 && strings.HasPrefix(told, "503 ASIDE: ") {
		t.Errorf("it leaves while one relies on it that has no other promise: %s", told)
	}
	giver.Exits(t, 0)
}

// SIGUSR1 while SIGTERM is held waits, and takes nothing away from it.
func TestReloadDuringAHoldWaits(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "promise 1s\n interval 200ms\n max_hold 1h\n canary canary.test\n")
	held, other := f.all[0], f.all[1]
	held.Start(t)
	held.await(t, "200 OK")
	held.SendSignal(t, syscall.SIGTERM)
	held.await(t, "200 PRESERVED: SIGTERM, .*")
	held.Configure(t, held.CorefileWith("")) // would take the plugin out
	held.SendSignal(t, syscall.SIGUSR1)
	lab.AllPreserved(t, 2*time.Second, held.Member)
	other.Start(t)
	held.Exits(t, 0)
	if len(held.Said(lab.LogLeaves)) != 1 || len(held.Said(reloaded)) != 0 {
		t.Errorf("it logs\n%s", held)
	}
	other.await(t, "200 OK")
}

// Servers are reloaded one after the other while they are asked: their /ready never
// says anything but 200. One that is told to go at the same time does so afterwards.
func TestFleetIsReloadedWhileItIsAsked(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3, hasty)
	defer f.audience(t)()
	all := f.watch(t, 3)
	defer all()
	for range 3 {
		for _, p := range f.all {
			id := p.Status().ID
			p.reload(t, p.Corefile(hasty), reloaded)
			if s := p.Status(); s.ID != id || s.State != "serving" {
				t.Errorf("after a reload it is %+v, and was %s", s, id)
			}
		}
	}
	all()
	defer f.watch(t, 2)()
	p := f.all[0]
	before := len(p.Said(reloaded))
	p.SendSignal(t, syscall.SIGUSR1)
	// Of two signals at one instant either may come first, and SIGTERM is the last that is heard.
	lab.Until(t, "it has heard SIGUSR1", func() bool { return len(p.Said("SIGUSR1: Reloading")) > before })
	p.SendSignal(t, syscall.SIGTERM)
	p.Exits(t, 0)
	if n := len(p.Said(reloaded)); n != before+1 || len(p.Said(lab.LogLeaves)) != 1 {
		t.Errorf("SIGUSR1 and SIGTERM one upon the other make it log\n%s", p)
	}
}

// A reload brings the plugin to a server that had none, changes it, and takes it away.
func TestReloadBringsChangesAndTakesAway(t *testing.T) {
	t.Parallel()
	const options = "promise 1s\n interval 200ms\n max_hold 1h\n canary canary.test\n"
	f := newFleet(t, 2, "")
	p, other := f.all[0], f.all[1] // the other is never there
	with := func(address, peers string) string {
		return p.CorefileWith("selfpreserve " + address + " {\n peers static " + peers + "\n " + options + "}\n")
	}
	closed := func(address string) {
		t.Helper()
		if told := lab.NewMember("", address, "", p.Dial).Ready(); !strings.Contains(told, "connection refused") {
			t.Errorf("%s is not closed: %s", address, told)
		}
	}
	known := func(m *lab.Member) (addresses []string) {
		for _, p := range m.Status().Peers {
			addresses = append(addresses, p.Address)
		}
		return addresses
	}
	p.Configure(t, p.CorefileWith(""))
	p.Start(t)
	lab.AwaitAnswer(t, p.DNS, lab.Query("www.example.org.", dns.TypeA))
	closed(p.HTTP)

	p.reload(t, with(p.HTTP, other.HTTP), reloaded)
	p.await(t, "200 OK")
	id := p.Status().ID

	// Bad Corefiles change nothing: one that does not parse, and one that cannot start.
	taken := lab.NewMember("", f.all[0].Metrics, "", p.Dial)
	for corefile, why := range map[string]string{
		with(p.HTTP, "nobody"):       "plugin/selfpreserve: ",
		with(taken.HTTP, other.HTTP): "address already in use",
	} {
		p.reload(t, corefile, "[ERROR] SIGUSR1: ")
		if lines := p.Said("[ERROR] SIGUSR1: "); !strings.Contains(lines[len(lines)-1], why) {
			t.Errorf("the reload fails with %q, want %s", lines[len(lines)-1], why)
		}
		if s := p.Status(); s.ID != id || s.State != "serving" || !slices.Equal(known(p.Member), []string{other.HTTP}) {
			t.Errorf("after a reload that failed its status is %+v", s)
		}
	}

	// Another address, and another peer.
	moved := lab.NewMember(p.DNS, p.IP+":"+lab.FreePort(t), "", p.Dial)
	peer := strings.Replace(p.HTTP, p.IP, "127.0.0.9", 1)
	p.reload(t, with(moved.HTTP, peer), reloaded)
	if told := moved.Ready(); told != "200 OK" {
		t.Errorf("at the new address /ready says %q", told)
	}
	closed(p.HTTP)
	if s := moved.Status(); s.ID != id || !slices.Equal(known(moved), []string{peer}) {
		t.Errorf("after a reload with another address and another peer its status is %+v", s)
	}

	// Without the plugin nothing is held.
	p.reload(t, p.CorefileWith(""), reloaded)
	closed(moved.HTTP)
	if !p.Answers("www.example.org.") {
		t.Error("without the plugin it does not answer")
	}

	// And with it again SIGTERM is held. It is the same process, with what it has promised.
	p.reload(t, with(p.HTTP, other.HTTP), reloaded)
	p.await(t, "200 OK")
	if again := p.Status().ID; again != id {
		t.Errorf("its id was %s and is %s", id, again)
	}
	p.reload(t, p.CorefileWith(""), reloaded)
	p.SendSignal(t, syscall.SIGTERM)
	p.Exits(t, 0)
	if lines := p.Said("asking peers"); len(lines) > 0 {
		t.Errorf("without the plugin it logs %q", lines)
	}
}

// A server that got the plugin by a reload is held like any other.
func TestReloadThatBringsThePluginHoldsSIGTERM(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "promise 1s\n interval 200ms\n max_hold 3s\n canary canary.test\n")
	p := f.all[0]
	p.Configure(t, p.CorefileWith(""))
	p.Start(t)
	lab.AwaitAnswer(t, p.DNS, lab.Query("www.example.org.", dns.TypeA))
	p.reload(t, p.Corefile("promise 1s\n interval 200ms\n max_hold 3s\n canary canary.test\n"), reloaded)
	p.await(t, "200 OK")
	begin := time.Now()
	p.SendSignal(t, syscall.SIGTERM)
	p.await(t, "200 PRESERVED: SIGTERM, .*")
	p.Exits(t, 0)
	if held := time.Since(begin); held < 3*time.Second || len(p.Said(lab.LogLeavesByForce)) != 1 {
		t.Errorf("it exits after %s:\n%s", held, p)
	}
}
