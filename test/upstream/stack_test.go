package upstream

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

func figure(name string) float64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

func TestTheStackOfEachQueryGrowsSeveralTimes(t *testing.T) {
	d := defect{t, "small-stacks.md"}
	const n = 500
	var waiting atomic.Int32
	s := d.start(lab.StartDNS(t, func(dns.ResponseWriter, *dns.Msg) { waiting.Add(1) }))
	const stacks = "/memory/classes/heap/stacks:bytes"
	before, begin := figure(stacks), figure("/gc/stack/starting-size:bytes") // which follows the mean of all goroutines
	conn, err := net.Dial("udp", s.UDP)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const batch = 50 // fits into a socket's buffer
	for i := range n {
		packed, err := lab.Query(fmt.Sprintf("q%d.example.net.", i), dns.TypeA).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(packed); err != nil {
			t.Fatal(err)
		}
		if i%batch == batch-1 {
			lab.Until(t, "all queries wait for the upstream", func() bool { return int(waiting.Load()) > i })
		}
	}
	each := (figure(stacks) - before) / n
	d.stands(each >= 2*begin, fmt.Sprintf("a query that waits has %.0f octets of stack, and the first began with %.0f", each, begin))
}

// The patch fits, and what it makes of miekg/dns can be compiled.
func TestThePatchForSmallStacksFits(t *testing.T) {
	d := defect{t, "small-stacks.md"}
	lab.Command(t, lab.Root, "go", "build", "-modfile", d.patched(t.TempDir()), "github.com/miekg/dns")
}

// patched applies the page's patch to a copy of miekg/dns and returns a go.mod that has it.
func (d defect) patched(dir string) (modfile string) {
	d.Helper()
	source := strings.TrimSpace(lab.Command(d, lab.Root, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/miekg/dns"))
	if err := os.CopyFS(filepath.Join(dir, "dns"), os.DirFS(source)); err != nil {
		d.Fatal(err)
	}
	lab.WriteAll(d, dir, map[string]string{
		"patch":  d.block("diff"),
		"go.mod": lab.Read(d, "go.mod") + "\nreplace github.com/miekg/dns => " + filepath.Join(dir, "dns") + "\n",
		"go.sum": lab.Read(d, "go.sum"),
	})
	lab.Command(d, filepath.Join(dir, "dns"), "git", "apply", "--verbose", "../patch")
	return filepath.Join(dir, "go.mod")
}
