package witness

import (
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/follow"
)

func ended(name string, code int32, lines ...string) *Server {
	s := &Server{Name: name, Gone: true}
	if code >= 0 {
		s.Code = &code
	}
	for _, l := range lines {
		s.Log = append(s.Log, follow.Line{Text: "[INFO] plugin/selfpreserve: " + l})
	}
	return s
}

func TestHowServersLeftIsReadFromTheirLogsAndExitCodes(t *testing.T) {
	w := &Witness{servers: make(map[string]*Server)}
	for _, s := range []*Server{
		ended("a", 0, "In service as x", granted), ended("b", -1, granted), // its end was not told, its log was
		ended("c", 0, forced+" after max_hold of 20s: too few"), ended("d", 137, forced+" after max_hold of 20s: too few"),
		ended("e", 0, early), ended("f", 0), ended("g", 137, "asking peers to stay"), ended("h", -1), ended("j", 1),
		{Name: "i"}, ended("before", 0, granted),
	} {
		w.servers[s.Name] = s
	}
	want := Left{Granted: 2, Forced: 2, Early: 1, Asked: 1, Killed: 1, Failed: 1, Unseen: 1}
	if got := w.Left(map[string]bool{"before": true}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFewestCountsFromWhatWasSoAtTheMoment(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	w := &Witness{changes: []change{{at(1), 0, 0}, {at(2), 3, 3}, {at(5), 1, 2}, {at(6), 2, 3}, {at(9), 3, 3}}}
	for since, want := range map[int64][2]int{0: {0, 0}, 3: {1, 2}, 6: {1, 2}, 7: {2, 3}, 10: {3, 3}} {
		if ready, serving := w.Fewest(at(since)); [2]int{ready, serving} != want {
			t.Errorf("since %d: %d and %d, want %v", since, ready, serving, want)
		}
	}
}
