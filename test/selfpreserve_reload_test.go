package test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A server that has promised to stay is reloaded, with a good Corefile and with a bad
// one. It keeps its promise: who relies on it stays aside.
func TestReloadKeepsThePromisesGiven(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3, calm)
	defer f.audience(t)()
	defer f.watch(t, 1)()
	unfit := f.all[0]
	unfit.Backend.answers(dns.RcodeServerFailure)
	unfit.await(t, asideOnOne)
	giver := f.giver(t)
	id := giver.status().ID
	kept := func() string {
		if s := giver.status(); s.ID != id || s.Promises.Given != 1 {
			return fmt.Sprintf("its status is %+v", s)
		}
		if told := unfit.ready(); !strings.HasPrefix(told, "503 ASIDE: ") {
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
		until(t, "the log says "+step.outcome, func() bool {
			if told := kept(); told != "" {
				t.Fatal(told)
			}
			return len(giver.said(step.outcome)) == 1
		})
		throughout(t, calmPromise/2, kept)
	}
	if n := len(unfit.said(stepsAside)); n != 1 {
		t.Errorf("it stepped aside %d times, want once", n)
	}

	// It may go once the one that relies on it has turned to another.
	other := f.others(unfit, giver)[0]
	giver.SendSignal(t, syscall.SIGTERM)
	until(t, "it leaves", func() bool { return len(giver.said(leaves)) == 1 })
	if told := unfit.ready(); other.status().Promises.Given == 0 && strings.HasPrefix(told, "503 ASIDE: ") {
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
	allPreserved(t, 2*time.Second, held.member)
	other.Start(t)
	held.Exits(t, 0)
	if len(held.said(leaves)) != 1 || len(held.said(reloaded)) != 0 {
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
			id := p.status().ID
			p.reload(t, p.Corefile(hasty), reloaded)
			if s := p.status(); s.ID != id || s.State != "serving" {
				t.Errorf("after a reload it is %+v, and was %s", s, id)
			}
		}
	}
	all()
	defer f.watch(t, 2)()
	p := f.all[0]
	before := len(p.said(reloaded))
	p.SendSignal(t, syscall.SIGUSR1)
	// Of two signals at one instant either may come first, and SIGTERM is the last that is heard.
	until(t, "it has heard SIGUSR1", func() bool { return len(p.said("SIGUSR1: Reloading")) > before })
	p.SendSignal(t, syscall.SIGTERM)
	p.Exits(t, 0)
	if n := len(p.said(reloaded)); n != before+1 || len(p.said(leaves)) != 1 {
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
		if told := newMember("", address, "", p.dial).ready(); !strings.Contains(told, "connection refused") {
			t.Errorf("%s is not closed: %s", address, told)
		}
	}
	known := func(m *member) (addresses []string) {
		for _, p := range m.status().Peers {
			addresses = append(addresses, p.Address)
		}
		return addresses
	}
	p.Configure(t, p.CorefileWith(""))
	p.Start(t)
	awaitAnswer(t, p.dns, query("www.example.org.", dns.TypeA))
	closed(p.http)

	p.reload(t, with(p.http, other.http), reloaded)
	p.await(t, "200 OK")
	id := p.status().ID

	// Bad Corefiles change nothing: one that does not parse, and one that cannot start.
	taken := newMember("", f.all[0].metrics, "", p.dial)
	for corefile, why := range map[string]string{
		with(p.http, "nobody"):       "plugin/selfpreserve: ",
		with(taken.http, other.http): "address already in use",
	} {
		p.reload(t, corefile, "[ERROR] SIGUSR1: ")
		if lines := p.said("[ERROR] SIGUSR1: "); !strings.Contains(lines[len(lines)-1], why) {
			t.Errorf("the reload fails with %q, want %s", lines[len(lines)-1], why)
		}
		if s := p.status(); s.ID != id || s.State != "serving" || !slices.Equal(known(p.member), []string{other.http}) {
			t.Errorf("after a reload that failed its status is %+v", s)
		}
	}

	// Another address, and another peer.
	moved := newMember(p.dns, p.IP+":"+freePort(t), "", p.dial)
	peer := strings.Replace(p.http, p.IP, "127.0.0.9", 1)
	p.reload(t, with(moved.http, peer), reloaded)
	if told := moved.ready(); told != "200 OK" {
		t.Errorf("at the new address /ready says %q", told)
	}
	closed(p.http)
	if s := moved.status(); s.ID != id || !slices.Equal(known(moved), []string{peer}) {
		t.Errorf("after a reload with another address and another peer its status is %+v", s)
	}

	// Without the plugin nothing is held.
	p.reload(t, p.CorefileWith(""), reloaded)
	closed(moved.http)
	if !p.answers("www.example.org.") {
		t.Error("without the plugin it does not answer")
	}

	// And with it again SIGTERM is held. It is the same process, with what it has promised.
	p.reload(t, with(p.http, other.http), reloaded)
	p.await(t, "200 OK")
	if again := p.status().ID; again != id {
		t.Errorf("its id was %s and is %s", id, again)
	}
	p.reload(t, p.CorefileWith(""), reloaded)
	p.SendSignal(t, syscall.SIGTERM)
	p.Exits(t, 0)
	if lines := p.said("Asks peers"); len(lines) > 0 {
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
	awaitAnswer(t, p.dns, query("www.example.org.", dns.TypeA))
	p.reload(t, p.Corefile("promise 1s\n interval 200ms\n max_hold 3s\n canary canary.test\n"), reloaded)
	p.await(t, "200 OK")
	begin := time.Now()
	p.SendSignal(t, syscall.SIGTERM)
	p.await(t, "200 PRESERVED: SIGTERM, .*")
	p.Exits(t, 0)
	if held := time.Since(begin); held < 3*time.Second || len(p.said(leavesByForce)) != 1 {
		t.Errorf("it exits after %s:\n%s", held, p)
	}
}
