package fleet

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

func TestOneAddressShowsTheFleet(t *testing.T) {
	f := simulate(t, 3)
	said, code := f.run(f.address(2))
	for _, server := range []string{"#1", "#2", "#3"} {
		if want := "√ " + server + " ns" + server[1:] + " serving 1m30s - - 2/2 - 0.1.0"; row(said, server) != want && !strings.HasPrefix(row(said, server), want) {
			t.Errorf("%q, want %q", row(said, server), want)
		}
	}
	if code != 0 || verdict(said) != "3 of 3 in service, 1 may leave now" {
		t.Errorf("%d: %s", code, said)
	}
}

// What a server says, or what is known of it, and what is made of it.
func TestStatusTellsWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		breaks  func(*simulated)
		row     string // of the third server
		verdict string
		code    int
	}{
		"a dead server": {
			func(f *simulated) { f.stop(3) },
			"× #3 ns3 unreachable - - - - - 0.1.0 connection refused; last heard 40s ago by #1: it was serving",
			"2 of 3 in service, 1 may leave now; #3 is unreachable", 1,
		},
		"one that has left": {
			func(f *simulated) {
				f.stop(3)
				for _, other := range []int{1, 2} {
					f.knows(other, 3, Left)
					f.says(other, func(s *wire.Status) { s.Peers[1].Says.State = promise.Leaving })
				}
			},
			"- #3 ns3 left - - - - - 0.1.0 said 40s ago that it was leaving",
			"2 of 2 in service, 1 may leave now", 0,
		},
		"one that only its peers reach": {
			func(f *simulated) { f.stop(3); f.knows(1, 3, "serving"); f.knows(2, 3, "serving") },
			"× #3 ns3 unreachable - - - - - 0.1.0 connection refused; answers 2 of 2 servers that know it: serving",
			"2 of 3 in service, 1 may leave now; #3 does not answer here, but answers its peers", 1,
		},
		"SIGTERM that is held": {
			func(f *simulated) {
				f.says(3, func(s *wire.Status) {
					end := f.now.Add(12*time.Second + 900*time.Millisecond)
					s.State, s.Reason, s.HoldDeadline = promise.Asking, "SIGTERM, with 0 of 1 promises", &end
				})
			},
			"‼ #3 ns3 asking 1m30s - - 2/2 - 0.1.0 12s left; SIGTERM, with 0 of 1 promises",
			"3 of 3 in service, 1 may leave now; #3 got SIGTERM, but too few peers promise to stay (12s left)", 1,
		},
		"a failing check, out of service": {
			func(f *simulated) {
				f.says(3, func(s *wire.Status) {
					s.State, s.Reason, s.InService = promise.Aside, "canary a. A: SERVFAIL, with 1 of 1 promises", false
					s.Checks = []wire.Check{{Name: "canary a. A", Reason: "SERVFAIL"}, {Name: "ready file", OK: true}}
					s.Promises.Held = 1
				})
				f.says(1, func(s *wire.Status) { s.Promises.Given = 1; s.MayLeave = 0 })
			},
			"× #3 ns3 aside 1m30s canary a. A 1 held 2/2 - 0.1.0 canary a. A: SERVFAIL, with 1 of 1 promises",
			"2 of 3 in service, 0 may leave now; #3 is aside", 1,
		},
		"an old zone": {
			func(f *simulated) {
				f.says(3, func(s *wire.Status) {
					s.Zones = []wire.Zone{{Name: "a.", Verdict: "fresh", Age: new(3.0), MaxAge: 60}, {Name: "b.", Verdict: "stale", Age: new(90.0), MaxAge: 60, Reason: "behind 192.0.2.1"}}
				})
			},
			"‼ #3 ns3 serving 1m30s - - 2/2 b. stale 1m30s 0.1.0 b. is stale: behind 192.0.2.1",
			"3 of 3 in service, 1 may leave now; #3 has b. stale", 1,
		},
		"an old zone for which a server is aside, and another": {
			func(f *simulated) {
				f.says(2, func(s *wire.Status) {
					s.State, s.Reason = promise.Asking, "vital stalecheck: zone b. is stale: 88s behind, serial 1 < 2"
					s.Zones = []wire.Zone{{Name: "c.", Verdict: "stale", Age: new(99.0), MaxAge: 60, Reason: "99s behind, serial 3 < 4"}}
				})
				f.says(3, func(s *wire.Status) {
					s.State, s.InService, s.Reason = promise.Aside, false, "vital stalecheck: zone b. is stale: 88s behind, serial 1 < 2, with 1 of 1 promises"
					s.Zones = []wire.Zone{{Name: "b.", Verdict: "stale", Age: new(90.0), MaxAge: 60, Reason: "90s behind, serial 1 < 2"}}
				})
			},
			"× #3 ns3 aside 1m30s - - 2/2 b. stale 1m30s 0.1.0 vital stalecheck: zone b. is stale: 88s behind, serial 1 < 2, with 1 of 1 promises",
			"2 of 3 in service, 1 may leave now; #2 wants to leave, but stays in service; #3 is aside", 1,
		},
		"a zone without a primary that answers, which another source calls fresh": {
			func(f *simulated) {
				f.says(3, func(s *wire.Status) {
					s.Zones = []wire.Zone{{Name: "a.", Verdict: "fresh", Age: new(3.0), MaxAge: 60, PrimarySilence: new(60.0)}, {Name: "b.", Verdict: "fresh", Age: new(2.0), MaxAge: 60, PrimarySilence: new(61.0)}}
				})
			},
			"‼ #3 ns3 serving 1m30s - - 2/2 a. 3s 0.1.0",
			"3 of 3 in service, 1 may leave now; #3 has no primary that answers for b.", 1,
		},
		"one whose /ready nobody reads": {
			func(f *simulated) { f.says(3, func(s *wire.Status) { s.Ready, s.KnownPeers = new(wire.Ready), 2 }) },
			"√ #3 ns3 serving 1m30s - - 2/2 - 0.1.0 nobody has asked for /ready",
			"3 of 3 in service, 1 may leave now", 0,
		},
		"a partition": {
			func(f *simulated) { f.knows(3, 1, Unreachable); f.knows(1, 3, Unreachable) },
			"‼ #3 ns3 serving 1m30s - - 1/2 - 0.1.0",
			"3 of 3 in service, 1 may leave now; #1 gets no answer from #3; #3 gets no answer from #1", 1,
		},
		"one poll in vain": {
			func(f *simulated) {
				f.knows(3, 1, Unreachable)
				f.says(3, func(s *wire.Status) { s.Peers[0].LastSeen = new(f.now.Add(-3 * time.Second)) })
			},
			"√ #3 ns3 serving 1m30s - - 1/2 - 0.1.0",
			"3 of 3 in service, 1 may leave now", 0,
		},
		"one that only observes": {
			func(f *simulated) {
				f.says(3, func(s *wire.Status) { s.State, s.Observe, s.Reason = promise.Aside, true, "canary a. A: SERVFAIL" })
			},
			"‼ #3 ns3 aside 1m30s - - 2/2 - 0.1.0 observing only; canary a. A: SERVFAIL",
			"3 of 3 in service, 1 may leave now; #3 would be aside if it were not observing only", 1,
		},
		"an order to leave": {
			func(f *simulated) {
				f.says(3, func(s *wire.Status) {
					s.State, s.InService, s.Reason, s.Override = promise.Aside, false, "the operator ordered leave: broken", &wire.Override{Kind: "leave", Reason: "broken"}
				})
			},
			"× #3 ns3 aside 1m30s - - 2/2 - 0.1.0 the operator ordered leave: broken",
			"2 of 3 in service, 1 may leave now; #3 is aside by order", 1,
		},
		"more promises wanted than there can be": {
			func(f *simulated) { f.says(3, func(s *wire.Status) { s.MinPeers, s.KnownPeers = 5, 2 }) },
			"‼ #3 ns3 serving 1m30s - - 2/2 - 0.1.0",
			"3 of 3 in service, 1 may leave now; #3 can never leave: it needs promises from 5 peers, but knows only 2", 1,
		},
		"one that has just gone": {
			func(f *simulated) {
				f.stop(3)
				for _, other := range []int{1, 2} {
					f.says(other, func(s *wire.Status) { s.Peers[1].Says.State = promise.Leaving })
				}
			},
			"- #3 ns3 left - - - - - 0.1.0 said 40s ago that it was leaving",
			"2 of 2 in service, 1 may leave now", 0,
		},
		"one that never was": {
			func(f *simulated) {
				f.servers[3].server.Close()
				for _, other := range []int{1, 2} {
					f.says(other, func(s *wire.Status) { s.Peers[1] = wire.Peer{Address: f.address(3), State: Unreachable} })
				}
			},
			"× #3 - unreachable - - - - - - connection refused; its peers have never heard from it",
			"2 of 3 in service, 1 may leave now; #3 has never been heard from", 1,
		},
		"an order": {
			func(f *simulated) {
				f.says(3, func(s *wire.Status) { s.Override = &wire.Override{Kind: "stay", Reason: "it is the last"} })
			},
			"√ #3 ns3 serving 1m30s - - 2/2 - 0.1.0 the operator ordered stay: it is the last",
			"3 of 3 in service, 1 may leave now", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulate(t, 3)
			tc.breaks(f)
			said, code := f.run(f.address(1))
			if row(said, "#3") != tc.row {
				t.Errorf("%q\nwant %q", row(said, "#3"), tc.row)
			}
			if code != tc.code || verdict(said) != tc.verdict {
				t.Errorf("exit code %d, %q\nwant %d, %q", code, verdict(said), tc.code, tc.verdict)
			}
		})
	}
}

// Each server sees a part of the fleet: 1 and 2, 2 and 3, 3 and 4. All are shown, and who
// does not know whom.
func TestAFleetOfWhichEachSeesAPartIsShownWhole(t *testing.T) {
	f := simulate(t, 1)
	for i := 2; i <= 4; i++ {
		f.start(i)
		f.knows(i-1, i, "serving")
	}
	said, code := f.run(f.address(1))
	if code != 0 || verdict(said) != "4 of 4 in service, 1 may leave now" {
		t.Errorf("%d: %s", code, said)
	}
	for _, want := range []string{
		"#1 does not have #3, #4 among its peers\n",
		"#2 does not have #1, #4 among its peers\n",
		"#4 does not have #1, #2, #3 among its peers\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q in\n%s", want, said)
		}
	}
}

// A server that has an IPv4 and an IPv6 address, or that peers know by another address, is one.
func TestAServerOfSeveralAddressesIsOne(t *testing.T) {
	f := simulate(t, 2)
	f.start(3) // the second server again
	f.says(3, func(s *wire.Status) { s.ID = "id-2" })
	f.says(1, func(s *wire.Status) { // beyond reach
		p := s.Peers[0]
		p.Address = f.address(4)
		s.Peers = append(s.Peers, p)
	})
	said, code := f.run(f.address(1), f.address(3), "-o", "json")
	var got Fleet
	if err := json.Unmarshal([]byte(said), &got); err != nil {
		t.Fatal(err)
	}
	if code != 0 || len(got.Servers) != 2 || got.Servers[1].Address != "#2" || strings.Join(got.Servers[1].Others, " ") != "#3 #4" || got.Servers[0].Hears != 1 {
		t.Errorf("%d: %s", code, said)
	}
}

// What servers say is anybody's text.
func TestNamesAndReasonsOfServersCannotMoveTheCursor(t *testing.T) {
	const evil = "\x1b[2J\u009b31m\u202e\r\n× ns1 <b>"
	f := simulate(t, 2)
	f.stop(2)
	f.says(1, func(s *wire.Status) {
		s.Name, s.Reason, s.Holdfast, s.Version, s.ID = evil, evil, evil, evil, evil
		s.Checks = []wire.Check{{Name: evil, Reason: evil}}
		s.Zones = []wire.Zone{{Name: evil, Verdict: evil, Reason: evil, MaxAge: 1}}
		s.Override = &wire.Override{Kind: evil, Reason: evil}
		p := &s.Peers[0]
		p.Name, p.ID, p.Holdfast, p.State, p.Says.Reason = evil, evil, evil, Unreachable, evil
	})
	for _, format := range []string{"text", "json"} {
		said, _ := f.run(f.address(1), "-o", format)
		if strings.ContainsAny(said, "\x1b\u009b\u202e\r") || strings.Contains(said, `\u001b`) || strings.Contains(said, `\r`) || strings.Contains(said, "\n×") && format == "json" {
			t.Errorf("%q", said)
		}
		if lines := strings.Count(said, "\n"); format == "text" && lines != 3 {
			t.Errorf("%d lines: %q", lines, said)
		}
	}
}

// Nor can the zone of an address, which netip does not look at.
func TestAddressesOfPeersCannotMoveTheCursor(t *testing.T) {
	f := simulate(t, 1)
	f.says(1, func(s *wire.Status) {
		s.Peers = []wire.Peer{{Address: "[fe80::1%\x1b[31m\nx]:8182", ID: "a", State: "serving"}, {Address: "[fe80::1%nosuch-if.0]:8182", ID: "b", State: Unreachable}}
	})
	for _, format := range []string{"text", "json"} {
		said, _ := f.run(f.address(1), "-o", format, "--timeout", "1s")
		if strings.Contains(said, "31m") || strings.Contains(said, "\nx") || !strings.Contains(said, "[fe80::1%nosuch-if.0]:8182") {
			t.Errorf("%q", said)
		}
	}
	var text strings.Builder
	(&Fleet{Servers: []Server{{Address: "\x1b\n", DoesNotHear: []string{"\x1b\n"}}}, Verdict: "\x1b\n"}).WriteText(&text, func(_ cli.Colour, text string) string { return text })
	if said := text.String(); strings.Contains(said, "\x1b") || strings.Count(said, "\n") != 4 {
		t.Errorf("%q", said)
	}
}

func TestNobodyAnswersIsAnErrorThatNamesEach(t *testing.T) {
	f := simulate(t, 2)
	f.stop(1)
	f.stop(2)
	said, code := f.run(f.address(1), f.address(2))
	if want := "holdfast status: #1: connection refused #2: connection refused\n"; code != 2 || said != want {
		t.Errorf("%d, %q, want %q", code, said, want)
	}
	if said, code = f.run(f.address(1), "-o", "json"); code != 2 || said != `{"schema":1,"error":"#1: connection refused; any other server of the fleet will do"}`+"\n" {
		t.Errorf("%d, %q", code, said)
	}
}

// A server may want to leave for one zone while another of its zones is the oldest.
func TestAReasonIsSaidOnce(t *testing.T) {
	stale := func(name string) *Zone { return &Zone{Name: name, Verdict: "stale", Why: "90s behind"} }
	for zone, want := range map[string]string{
		"b.": "vital stalecheck: zone b. is stale: 88s behind",
		"c.": "vital stalecheck: zone b. is stale: 88s behind; c. is stale: 90s behind",
	} {
		s := Server{State: "asking", Why: "vital stalecheck: zone b. is stale: 88s behind", Oldest: stale(zone), Heard: &Heard{By: []string{"a"}, Knows: 1, State: "asking"}}
		if got := strings.TrimSuffix(s.why(), "; answers 1 of 1 servers that know it: asking"); got != want {
			t.Errorf("%s: %q, want %q", zone, got, want)
		}
	}
}
