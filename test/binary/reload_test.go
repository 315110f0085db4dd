package binary

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

func TestReloadTakesANewFloorAndKeepsTheLastIfItIsBad(t *testing.T) {
	dir, port := t.TempDir(), lab.FreePort(t)
	addr, conf := "127.0.0.1:"+port, filepath.Join(dir, "Corefile")
	configure := func(floor string) {
		t.Helper()
		corefile := fmt.Sprintf(".:%s {\n bind 127.0.0.1\n ttlfloor %s {\n jitter off\n }\n template IN A {\n answer \"{{ .Name }} 1 IN A 10.0.0.1\"\n }\n}\n", port, floor)
		lab.Write(t, conf, corefile)
	}
	configure("100s")
	coredns := lab.StartBinary(t, dir, "-conf", conf)
	lab.AwaitAnswer(t, addr, lab.Query("www.example.org.", dns.TypeA))
	for _, step := range []struct {
		floor, logged string
		want          uint32
	}{
		{"200s", "Reloading complete", 200},
		{"7x", `Corefile:3 - Error during parsing: floor "7x" is not a duration`, 200},
		{"300s", "Reloading complete", 300},
	} {
		configure(step.floor)
		coredns.Reload(t, step.logged)
		if ttl := answeredTTL(t, addr); ttl != step.want {
			t.Errorf("after the reload with floor %s the TTL is %d, want %d", step.floor, ttl, step.want)
		}
	}
}

// answeredTTL asks addr up to five times: a machine that stalls may answer too late.
func answeredTTL(t *testing.T, addr string) uint32 {
	t.Helper()
	var lost error
	for range 5 {
		reply, err := dns.Exchange(lab.Query("www.example.org.", dns.TypeA), addr)
		if err == nil && len(reply.Answer) == 1 {
			return reply.Answer[0].Header().Ttl
		}
		lost = err
	}
	t.Fatalf("no answer after a reload: %v", lost)
	return 0
}
