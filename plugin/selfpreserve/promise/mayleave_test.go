package promise

import (
	"testing"
	"time"
)

func TestAsManyMayLeaveAsTheRuleLetsGo(t *testing.T) {
	fit := func(ids ...ID) (all []Server) {
		for _, id := range ids {
			all = append(all, Server{ID: id, Promises: true})
		}
		return all
	}
	bound := func(id ID) Server { return Server{ID: id, Promises: true, Bound: true} }
	can := func(id ID, load, spare int) Server {
		return Server{ID: id, Promises: true, Capacity: true, Load: load, Spare: spare}
	}
	for name, c := range map[string]struct {
		servers  []Server
		minPeers int
		want     int
	}{
		"nobody":                      {nil, 1, 0},
		"one alone":                   {fit("a"), 1, 0},
		"one of two":                  {fit("a", "b"), 1, 1},
		"two of three":                {fit("a", "b", "c"), 1, 2},
		"one of three, two stay":      {fit("a", "b", "c"), 2, 1},
		"none of three, three stay":   {fit("a", "b", "c"), 3, 0},
		"too few by far":              {fit("a"), 5, 0},
		"a second address":            {fit("a", "b", "b"), 1, 1},
		"a second address of itself":  {fit("a", "a"), 1, 0},
		"who does not promise":        {append(fit("a", "b"), Server{ID: "c"}, Server{ID: "d", Bound: true}), 1, 1},
		"one is leant on":             {append(fit("b", "c"), bound("a")), 1, 2},
		"all but one are leant on":    {append(fit("c"), bound("a"), bound("b")), 1, 1},
		"all are leant on":            {[]Server{bound("a"), bound("b"), bound("c")}, 1, 0},
		"leant on, and two stay":      {append(fit("b", "c"), bound("a")), 2, 1},
		"room for one":                {[]Server{can("a", 60, 40), can("b", 60, 40), can("c", 60, 40)}, 1, 1},
		"room for two":                {[]Server{can("a", 30, 70), can("b", 30, 70), can("c", 30, 70)}, 1, 2},
		"room for the small one only": {[]Server{can("a", 10, 10), can("b", 50, 30)}, 1, 1},
		"no room":                     {[]Server{can("a", 90, 10), can("b", 90, 10)}, 1, 0},
		"who has no capacity offers none, and needs none": {append(fit("a", "b"), can("c", 1, 100)), 1, 2},
		"the load of who has no capacity is nobody's":     {[]Server{{ID: "a", Promises: true, Load: 100}, {ID: "b", Promises: true, Load: 100}}, 1, 1},
	} {
		if got := MayLeave(c.servers, c.minPeers); got != c.want {
			t.Errorf("%s: %d may leave, want %d", name, got, c.want)
		}
	}
}

func TestAServerThatWantsToLeaveNeedsEnoughPeersWithRoomForItsLoad(t *testing.T) {
	fit := func(id ID) Server { return Server{ID: id, Promises: true} }
	can := func(id ID, load, spare int) Server {
		return Server{ID: id, Promises: true, Capacity: true, Load: load, Spare: spare}
	}
	for name, c := range map[string]struct {
		me       Server
		peers    []Server
		minPeers int
		want     string
	}{
		"enough":                     {fit("a"), []Server{fit("b"), fit("c")}, 2, ""},
		"too few":                    {fit("a"), []Server{fit("b"), {ID: "c"}}, 2, "only 1 of 2 required peers would promise to stay"},
		"a second address":           {fit("a"), []Server{fit("b"), fit("b")}, 2, "only 1 of 2 required peers would promise to stay"},
		"a second address of itself": {fit("a"), []Server{fit("a")}, 1, "only 0 of 1 required peers would promise to stay"},
		"who is bound promises":      {fit("a"), []Server{{ID: "b", Promises: true, Bound: true}}, 1, ""},
		"room":                       {can("a", 60, 0), []Server{can("b", 0, 30), can("c", 0, 30)}, 1, ""},
		"room at a second address":   {can("a", 60, 0), []Server{can("b", 0, 30), can("b", 0, 30)}, 1, "it has a load of 60 qps, but its peers have room for only 30"},
		"its load is nobody's":       {Server{ID: "a", Load: 60}, []Server{fit("b")}, 1, ""},
		"no room":                    {can("a", 61, 0), []Server{can("b", 0, 30), can("c", 0, 30)}, 1, "it has a load of 61 qps, but its peers have room for only 60"},
	} {
		if got := c.me.WhyNotLeave(c.peers, c.minPeers); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAServerTellsWhetherItWouldPromiseAndWhetherItIsBound(t *testing.T) {
	m := New("b", usual)
	step := func(after string, now time.Duration, e Event, promises, bound bool) {
		t.Helper()
		m.Step(now, e)
		if got := m.Server(); got.ID != "b" || got.Promises != promises || got.Bound != bound {
			t.Errorf("%s: %+v, want that it promises: %v, is bound: %v", after, got, promises, bound)
		}
	}
	step("it starts", 0, Tick{}, false, true)
	step("it is fit", time.Second, Fitness{Fit: true, AllPassed: true}, true, true)
	step("a lifetime later", time.Minute, Tick{}, true, false)
	step("it has promised", time.Minute, Requested{Request{From: "c", Number: 1, Lifetime: time.Minute}}, true, true)
	step("that is over", 2*time.Minute, Released{From: "c", Number: 1}, true, false)
	step("it is to stay", 2*time.Minute, Override{Kind: Stay}, true, true)
	step("and no longer", 2*time.Minute, Override{Kind: Resume}, true, false)
	step("a check fails", 2*time.Minute, Fitness{Fit: true}, false, false)
	step("and passes again", 2*time.Minute, Fitness{Fit: true, AllPassed: true}, true, false)
	step("it asks", 2*time.Minute, Terminate{}, false, false)
}
