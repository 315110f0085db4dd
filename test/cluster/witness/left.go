package witness

import (
	"fmt"
	"strings"
	"time"
)

// Left is how servers left in some time.
type Left struct {
	Granted int // enough peers had promised to stay
	Forced  int // max_hold was over
	Early   int // it had never been in service
	Asked   int // no peers, or stock: it was told to go, and went
	Killed  int // the kubelet had to: the grace period was over, or there was none
	Failed  int // it ended by itself, as one whose Corefile does not parse
	Unseen  int // its end was not seen, as of a node that is cut off
}

// What selfpreserve says when a server leaves: docs/operate.md, "Log".
const (
	granted = "Leaving service: enough peers have promised to stay"
	forced  = "Leaving service by force"
	early   = "Leaving before coming into service"
)

// Left counts the servers that have gone, without those that had before.
func (w *Witness) Left(gone map[string]bool) Left {
	var l Left
	for _, s := range w.Servers() {
		if !s.Gone || gone[s.Name] {
			continue
		}
		how, _ := s.Said(granted, forced, early)
		switch {
		case how == forced:
			l.Forced++
		case s.Code != nil && *s.Code == 137: // SIGKILL
			l.Killed++
		case s.Code != nil && *s.Code != 0:
			l.Failed++
		case how == granted:
			l.Granted++
		case how == early:
			l.Early++
		case s.Code == nil:
			l.Unseen++
		default:
			l.Asked++
		}
	}
	return l
}

// Gone are the servers that have gone by now.
func (w *Witness) Gone() map[string]bool {
	gone := make(map[string]bool)
	for _, s := range w.Servers() {
		if s.Gone {
			gone[s.Name] = true
		}
	}
	return gone
}

// Said is the first of texts that the server has written, and when.
func (s Server) Said(texts ...string) (string, time.Time) {
	for _, l := range s.Log {
		for _, t := range texts {
			if strings.Contains(l.Text, t) {
				return t, l.At
			}
		}
	}
	return "", time.Time{}
}

// String has what is not nought.
func (l Left) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{l.Granted, "granted"}, {l.Forced, "forced"}, {l.Early, "never in service"}, {l.Asked, "just went"}, {l.Killed, "killed"}, {l.Failed, "failed"}, {l.Unseen, "unseen"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "none left"
	}
	return strings.Join(parts, ", ")
}
