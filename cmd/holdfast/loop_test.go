package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// The README's loop restarts three servers, one after the other, and none of them leaves by
// force. What ssh would do is done here.
func TestTheREADMEsLoopRestartsOneAfterTheOther(t *testing.T) {
	lab.Tool(t, "curl", "curl")
	f := lab.NewFleet(t, 3, "promise 1s\n interval 100ms\n ")
	for _, p := range f.All {
		p.Start(t)
	}
	for _, p := range f.All {
		p.AwaitPeers(t, 2)
	}
	var restarted []string
	host := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(f.All, func(p *lab.Peer) bool { return "/"+p.HTTP == r.URL.Path })
		if err := f.All[i].Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-f.All[i].Ended
		f.All[i].Start(t)
		restarted = append(restarted, f.All[i].HTTP)
	}))
	defer host.Close()

	loop := lab.Typed(t, "cmd/holdfast/README.md", 1)[0]
	var want []string
	for i, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		loop = lab.Replaced(t, loop, address, f.All[i].HTTP)
		want = append(want, f.All[i].HTTP)
	}
	ssh := "ssh() { [ \"$2 $3 $4\" = 'systemctl restart holdfast' ] && curl -sf " + host.URL + "/$1; }\n"
	path := "PATH=" + filepath.Dir(lab.Holdfast(t)) + ":$PATH\n"
	said := lab.Command(t, lab.Root, "bash", "-c", path+ssh+loop)
	if !slices.Equal(restarted, want) || f.Forced() != 0 || strings.Count(said, "may leave: ") != 3 {
		t.Errorf("it restarts %q, want %q, and %d leave by force:\n%s", restarted, want, f.Forced(), said)
	}
}
