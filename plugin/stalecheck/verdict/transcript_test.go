package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// at is when a transcript starts.
var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// transcript checks what was seen of a zone, a line each, and what follows from it:
//
//	10s own 8              the backend has serial 8; brief is the same with EXPIRE 5
//	10s p0 9               the first primary has 9; q0 is the first peer
//	10s p0 9 lasts 90s     it has 9, and says that its copy expires in 90s
//	12s p1 REFUSED         it gave no usable answer
//	12s beat 2s            the heartbeat says 2s after the start
//	20s stale 10s primary behind "10s behind, serial 8 < 9"
//	20s unknown "..."
//
// Times count from the start and may go back. max_age is 60s, EXPIRE is 1000 s.
func transcript(t *testing.T, h *History, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		line, quoted, _ := strings.Cut(line, ` "`)
		words := strings.Fields(line)
		offset, err := time.ParseDuration(words[0])
		if err != nil {
			t.Fatal(err)
		}
		now := at.Add(offset)
		switch who := words[1]; who {
		case "own", "brief", "p0", "p1", "q0", "q1", "new":
			serial, err := strconv.ParseUint(words[2], 10, 32)
			failure := Failure("")
			if err != nil {
				failure = Failure(words[2])
			}
			switch who {
			case "own":
				h.ObserveOwn(uint32(serial), 1000, failure, now)
			case "brief":
				h.ObserveOwn(uint32(serial), 5, failure, now)
			default:
				answer := Answer{Serial: uint32(serial)}
				if len(words) == 5 && words[3] == "lasts" {
					lasts, err := time.ParseDuration(words[4])
					if err != nil {
						t.Fatal(err)
					}
					answer.TellsExpire, answer.Expire = true, uint32(lasts.Seconds())
				}
				h.ObserveAnswer(slices.IndexFunc(h.references, func(r reference) bool { return r.Address == who }), answer, failure, now)
			}
		case "beat":
			if says, err := time.ParseDuration(words[2]); err == nil {
				h.ObserveHeartbeat(at.Add(says), "", now)
			} else {
				h.ObserveHeartbeat(time.Time{}, Reason(strings.Join(words[2:], " ")), now)
			}
		default:
			v := h.Judge(now)
			got := v.Status.String()
			if v.Status != Unknown {
				got += fmt.Sprintf(" %s %s", v.Age, v.Source)
			}
			if v.Status == Stale {
				got += " " + string(v.Reason)
			}
			if want := strings.Join(words[1:], " "); got != want {
				t.Errorf("%s: %s, want %s", words[0], got, want)
			}
			if want := strings.TrimSuffix(quoted, `"`); want != "" && v.Text != want {
				t.Errorf("%s: %q, want %q", words[0], v.Text, want)
			}
		}
	}
}

// newHistory is that of a zone with two primaries and two peers.
func newHistory(rules Rules) *History {
	return New(rules, []Reference{
		{Source: Primary, Address: "p0"}, {Source: Primary, Address: "p1"},
		{Source: Peers, Address: "q0"}, {Source: Peers, Address: "q1"},
	})
}

func asking(sources ...Source) Rules {
	r := Rules{MaxAge: time.Minute}
	for _, s := range sources {
		r.Sources[s] = true
	}
	return r
}
