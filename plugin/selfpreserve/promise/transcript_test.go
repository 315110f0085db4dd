package promise

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// usual are the settings of a machine in a transcript, unless it reloads.
var usual = Settings{HasPeers: true, MinPeers: Quota{Number: 1}, Lifetime: 16 * time.Second, MaxHold: 20 * time.Second, Interval: 2 * time.Second, ColdStart: time.Hour}

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts: ", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(string(text), "\n# ") {
			name, want, _ := strings.Cut(strings.TrimSpace(part), "\n")
			if strings.HasPrefix(name, "//") {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, func(t *testing.T) {
				if got := play(t, want); got != want {
					t.Errorf("%s:\nwant\n%s\ngot\n%s", file, want, got)
				}
			})
		}
	}
}

// play tells a new machine what each line of a transcript says, and returns the transcript
// of what it did.
func play(t *testing.T, script string) string {
	t.Helper()
	m := New("b", usual)
	var got []string
	for line := range strings.SplitSeq(script, "\n") {
		told, _, _ := strings.Cut(line, " => ")
		got = append(got, told+" => "+say(t, m, told))
	}
	return strings.Join(got, "\n")
}

// say tells a machine what a line says, or asks it, and returns its answer.
func say(t *testing.T, m *Machine, told string) string {
	words := strings.Fields(told)
	now, err := time.ParseDuration(words[0])
	if err != nil {
		t.Fatal(err)
	}
	switch words[1] {
	case "wake?":
		if at, ok := m.Wake(); ok {
			return at.String()
		}
		return "never"
	case "why?":
		return m.why()
	case "ready?":
		return strconv.FormatBool(m.View().InService)
	}
	actions := m.Step(now, parseEvent(t, m, words[1:]))
	return describeAll(m.state, actions)
}

// parseEvent reads an event and its parameters: of what peer, and NAME=VALUE.
func parseEvent(t *testing.T, m *Machine, words []string) Event {
	var rest []string
	of, number := ID(""), uint64(0)
	p := map[string]string{"promise": m.settings.Lifetime.String(), "life": "16s", "load": "0", "capacity": "0",
		"observe": fmt.Sprint(m.settings.Observe), "reason": "", "cold": m.settings.ColdStart.String(), "min": strconv.Itoa(m.settings.MinPeers.Number), "percent": "0", "peers": "true", "known": "0", "jitter": "0"}
	for i, word := range words[1:] {
		key, value, ok := strings.Cut(word, "=")
		switch n, err := strconv.ParseUint(word, 10, 64); {
		case ok && len(key) > 2:
			p[key] = value
		case err == nil:
			number = n
		case words[i] == "of":
			of = ID(word)
		case word != "of":
			rest = append(rest, word)
		}
	}
	num := func(key string) int {
		n, err := strconv.Atoi(p[key])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	span := func(key string) time.Duration {
		d, err := time.ParseDuration(p[key])
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	sent, to := number, "s"+string(of[:min(1, len(of))])
	if _, ok := p["sent"]; ok {
		sent = uint64(num("sent"))
	}
	if at, ok := p["from"]; ok {
		to = at
	}
	switch words[0] {
	case "tick":
		return Tick{}
	case "fit":
		return Fitness{Fit: true, AllPassed: true, PluginsReady: true}
	case "unfit":
		return Fitness{PluginsReady: true, Why: "a check fails"}
	case "better": // and not yet for long enough
		return Fitness{AllPassed: true, PluginsReady: true, Why: "a check fails"}
	case "unready":
		return Fitness{Why: "a plugin is not ready"}
	case "doubt":
		return Fitness{Fit: true, PluginsReady: true}
	case "sigterm":
		return Terminate{}
	case "leave", "stay", "resume":
		return Override{OverrideKind(words[0]), p["reason"]}
	case "load":
		return LoadSeen{int(number)}
	case "peers":
		jitter, err := strconv.ParseFloat(p["jitter"], 64)
		if err != nil {
			t.Fatal(err)
		}
		seen := PeersSeen{KnownPeers: max(len(rest), num("known")), Jitter: jitter}
		for _, word := range rest {
			address, id, _ := strings.Cut(word, "=")
			seen.Peers = append(seen.Peers, Peer{Address: address, ID: ID(id)})
		}
		return seen
	case "reload":
		set := m.settings
		set.ColdStart = span("cold")
		set.Observe = p["observe"] == "true"
		set.Lifetime, set.Capacity, set.MinPeers, set.HasPeers = span("promise"), num("capacity"), Quota{num("min"), num("percent")}, p["peers"] == "true"
		return Reload{set}
	case "request", "renewal":
		return Requested{Request{From: of, Number: number, Renew: words[0] == "renewal", Lifetime: span("life"), Load: num("load"), Observe: p["observer"] == "true"}}
	case "release":
		return Released{of, number}
	case "grant":
		return Replied{Sent: sent, To: to, Reply: Reply{From: of, Number: number, Granted: true, Lifetime: span("life"), Capacity: num("capacity")}}
	case "refusal":
		return Replied{Sent: sent, To: to, Reply: Reply{From: of, Number: number, Why: "wants to leave too"}}
	case "sick":
		return Replied{Sent: sent, To: to, Reply: Reply{From: of, Number: number, Why: notFit}}
	case "silence":
		return Failed{number, "no reply"}
	}
	t.Fatal(fmt.Errorf("no such event: %q", words))
	return nil
}
