package promise

import (
	"slices"
	"testing"
	"time"
)

func TestAViewHasAllThatOthersMayKnow(t *testing.T) {
	m := New("b", usual)
	peers := []Peer{{Address: "sa"}, {Address: "sc"}, {Address: "sd"}}
	m.Step(0, PeersSeen{Peers: peers, KnownPeers: 3})
	m.Step(0, Reload{Settings{HasPeers: true, MinPeers: Quota{Percent: 50}, Lifetime: 16 * time.Second, MaxHold: 20 * time.Second, Interval: 2 * time.Second}})
	m.Step(time.Second, Fitness{Fit: true, AllPassed: true})
	m.Step(time.Second, LoadSeen{60})
	serving := View{State: Serving, Since: time.Second, HasPeers: true, KnownPeers: 3, MinPeers: 2, Load: 60, InService: true}
	before := m.View()
	m.Step(20*time.Second, Requested{Request{From: "c", Number: 1, Lifetime: time.Minute}})
	m.Step(21*time.Second, Terminate{})
	bound := serving
	bound.State, bound.Since, bound.Why = Asking, 21*time.Second, "SIGTERM, with 0 of 2 promises; it has itself promised to stay"
	bound.Terminating, bound.Deadline, bound.Given = true, 41*time.Second, 1
	if got := m.View(); got != bound {
		t.Errorf("%+v, want %+v", got, bound)
	}
	if before != serving {
		t.Errorf("a view of before has become %+v", before)
	}
	peers[0].Address = "changed"
	asks := m.Step(36*time.Second, Tick{})
	if a, ok := asks[0].(Ask); !ok || a.To != "sa" {
		t.Errorf("it asks %+v, want sa, which it was told of", asks)
	}
	m.Step(36*time.Second, Replied{Sent: 1, To: "sa", Reply: Reply{From: "a", Number: 1, Granted: true, Lifetime: 16 * time.Second}})
	m.Step(36*time.Second, Failed{Sent: 2})
	m.Step(36*time.Second, Failed{Sent: 3})
	if got := m.View(); got.Held != 0 || got.FailedRounds != 1 || got.Since != 21*time.Second {
		t.Errorf("after a round that failed: %+v", got)
	}
}

func TestADepartureNamesThoseWhoHavePromisedIfItIsGranted(t *testing.T) {
	set := usual
	set.MinPeers.Number = 2
	for outcome, want := range map[Outcome][]Peer{Granted: {{"sa", "a"}, {"sc", "c"}}, Forced: nil} {
		m := New("b", set)
		m.Step(0, Fitness{Fit: true, AllPassed: true, PluginsReady: true})
		m.Step(0, PeersSeen{Peers: []Peer{{Address: "sa"}, {Address: "sc"}}})
		m.Step(20*time.Second, Terminate{})
		actions := m.Step(20*time.Second, Replied{Sent: 1, To: "sa", Reply: Reply{From: "a", Number: 1, Granted: true, Lifetime: 16 * time.Second}})
		if outcome == Granted {
			actions = m.Step(20*time.Second, Replied{Sent: 2, To: "sc", Reply: Reply{From: "c", Number: 2, Granted: true, Lifetime: 16 * time.Second}})
		} else { // while it holds one
			actions = append(actions, m.Step(m.deadline, Tick{})...)
		}
		i := slices.IndexFunc(actions, func(a Action) bool { _, ok := a.(Departure); return ok })
		if i < 0 {
			t.Fatalf("%s: it does not depart: %+v", outcome, actions)
		}
		if d := actions[i].(Departure); d.Outcome != outcome || !slices.Equal(d.Promised, want) {
			t.Errorf("%+v, want %s, promised by %v", d, outcome, want)
		}
	}
}

func TestNothingIsLeftOfAnOverrideOnceItIsResumed(t *testing.T) {
	m := New("b", usual)
	m.Step(0, Override{Kind: Stay, Reason: "maintenance"})
	if got, want := m.View().Override, (Override{Kind: Stay, Reason: "maintenance"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	m.Step(0, Override{Kind: Resume, Reason: "it is over"})
	if got := m.View().Override; got != (Override{}) {
		t.Errorf("%+v is left", got)
	}
}

func TestAStateIsReadByItsNameAlone(t *testing.T) {
	for _, want := range States() {
		var got State
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Errorf("%s is read as %s, %v", want, got, err)
		}
	}
	for _, text := range []string{"", "Serving", "gone"} {
		got := Asking
		if err := got.UnmarshalText([]byte(text)); err == nil || got != Asking {
			t.Errorf("%q is read as %d, %v", text, got, err)
		}
	}
}
