package stalecheck

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// transcript checks what was seen of a zone, a line each, and what follows from it:
//
//	10s own 8              the backend has serial 8; brief is the same with EXPIRE 5
//	10s p0 9               the first primary has 9; q0 is the first peer
//	12s p1 REFUSED         it gave no usable answer
//	12s beat 2s            the heartbeat says 2s after the start
//	20s stale 10s primary behind "10s behind, serial 8 < 9"
//	20s unknown "..."
//
// Times count from the start and may go back. max_age is 60s, EXPIRE is 1000 s.
func transcript(t *testing.T, r rules, h *history, text string) {
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
			failed := failure("")
			if err != nil {
				failed = failure(words[2])
			}
			switch who {
			case "own":
				h.observeOwn(uint32(serial), 1000, failed, now)
			case "brief":
				h.observeOwn(uint32(serial), 5, failed, now)
			default:
				h.observeReference(slices.IndexFunc(h.references, func(r reference) bool { return r.address == who }), uint32(serial), failed, now)
			}
		case "beat":
			if says, err := time.ParseDuration(words[2]); err == nil {
				h.observeHeartbeat(at.Add(says), "", now)
			} else {
				h.observeHeartbeat(time.Time{}, reason(strings.Join(words[2:], " ")), now)
			}
		default:
			v := r.judge(h, now)
			got := v.status.String()
			if v.status != unknown {
				got += fmt.Sprintf(" %s %s", v.age, v.source)
			}
			if v.status == stale {
				got += " " + string(v.why)
			}
			if want := strings.Join(words[1:], " "); got != want {
				t.Errorf("%s: %s, want %s", words[0], got, want)
			}
			if want := strings.TrimSuffix(quoted, `"`); want != "" && v.text != want {
				t.Errorf("%s: %q, want %q", words[0], v.text, want)
			}
		}
	}
}

// newHistory is that of a zone with two primaries and two peers.
func newHistory() *history {
	return &history{keep: 2 * time.Minute, references: []reference{
		{source: primary, address: "p0"}, {source: primary, address: "p1"},
		{source: peers, address: "q0"}, {source: peers, address: "q1"},
	}}
}

func asking(asks ...source) rules {
	r := rules{maxAge: time.Minute}
	for _, s := range asks {
		r.asks[s] = true
	}
	return r
}
