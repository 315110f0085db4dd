package speed

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// figures are what one server did in one turn.
type figures struct {
	perSecond float64 // answers a second, with as many questions as it takes
	cpu       float64 // µs of CPU a query at a fixed rate, below what it could answer
}

// build builds a program as the Makefile does, with the versions of go.mod. It may take minutes.
func build(b *testing.B, program string) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "coredns")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, program) // #nosec G204 -- the test's own
	cmd.Dir, cmd.Env = lab.Root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// start starts a server, which has answered.
func start(b *testing.B, binary string, c chain, r row, extra string) (at server) {
	b.Helper()
	at.dir = b.TempDir()
	at.port = c.write(b, at.dir, r, extra)
	at.Daemon = lab.StartDaemon(b, at.dir, binary, "-conf", "Corefile", "-quiet")
	name, _, _ := strings.Cut(c.queries, " ")
	lab.Until(b, r.name+" answers", func() bool {
		reply, err := dns.Exchange(lab.Query(dns.Fqdn(name), dns.TypeA), "127.0.0.1:"+at.port)
		return err == nil && len(reply.Answer) == 1
	})
	return at
}

type server struct {
	*lab.Daemon
	dir, port string
}

// load asks it for so many seconds; rate 0 is as much as it can.
func (s server) load(b *testing.B, dnsperf string, seconds, rate int) (completed, perSecond float64) {
	b.Helper()
	args := []string{"-s", "127.0.0.1", "-p", s.port, "-d", "queries", "-l", strconv.Itoa(seconds), "-c", "8", "-q", "100"}
	if rate > 0 {
		args = append(args, "-Q", strconv.Itoa(rate))
	}
	out := lab.Command(b, s.dir, dnsperf, args...)
	figure := func(of string) float64 {
		m := regexp.MustCompile(of + `:\s+([\d.]+)`).FindStringSubmatch(out)
		if m == nil {
			b.Fatalf("dnsperf printed no %s:\n%s", of, out)
		}
		f, _ := strconv.ParseFloat(m[1], 64)
		return f
	}
	completed = figure("Queries completed")
	if lost := figure("Queries lost"); lost > completed/100 {
		b.Errorf("%v of %v queries were lost", lost, completed)
	}
	if !strings.Contains(out, "NOERROR "+strconv.Itoa(int(completed))) {
		b.Errorf("not every answer is NOERROR:\n%s", out)
	}
	return completed, figure("Queries per second")
}

// measure starts a server and asks it.
func measure(b *testing.B, dnsperf, binary string, c chain, r row, seconds int) (f figures) {
	b.Helper()
	s := start(b, binary, c, r, "")
	defer s.End(syscall.SIGTERM)
	s.load(b, dnsperf, 1, 0)
	_, f.perSecond = s.load(b, dnsperf, seconds, 0)
	before := lab.CPUTime(b, s.Pid)
	completed, _ := s.load(b, dnsperf, seconds, pace)
	f.cpu = (lab.CPUTime(b, s.Pid) - before) * 1e6 / completed
	return f
}

// pace is a rate that every server can answer.
const pace = 15000

// profile saves that of a loaded server, and returns where.
func profile(b *testing.B, dnsperf, binary string, c chain, r row, seconds int) (path string) {
	b.Helper()
	at := "127.0.0.1:" + lab.FreePort(b)
	s := start(b, binary, c, r, "pprof "+at)
	defer s.End(syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.load(b, dnsperf, seconds+2, 0)
	}()
	response, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", at, seconds))
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	<-done
	path = filepath.Join(b.TempDir(), "cpu.pprof")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}
