package fleet

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// A server writes its log to a pipe that nobody reads, and that is full. It goes on: promises,
// /ready, DNS, and SIGTERM, which ends at max_hold.
func TestAServerWhoseLogNobodyReadsGoesOn(t *testing.T) {
	t.Parallel()
	const hold = 5 * time.Second
	f := newFleet(t, 2, "promise 2s\n interval 500ms\n max_hold 5s\n")
	p := f.all[0]
	server, _, ended := unread(t, p)

	// Each of these writes a line.
	peer, stranger := asStranger(f.all[1].IP), asStranger("127.0.1.9")
	send := func(from *http.Client, method, body string, want int) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+p.HTTP+"/promise", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := from.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d, want %d", method, response.StatusCode, want)
		}
	}
	send(stranger, "POST", "", http.StatusForbidden)
	send(peer, "POST", `{"id":"X","number":1,"lifetime_ms":2000}`, http.StatusOK)
	send(peer, "DELETE", `{"id":"X","number":1}`, http.StatusNoContent)
	if ready := p.Ready(); ready != "200 OK" {
		t.Errorf("/ready is %s", ready)
	}

	begin := time.Now()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	lab.Until(t, "it is held", func() bool { return strings.HasPrefix(p.Ready(), "200 PRESERVED: SIGTERM") })
	lab.AwaitAnswer(t, p.DNS, lab.Query("www.example.org.", dns.TypeA))
	select {
	case err := <-ended:
		if took := time.Since(begin); err != nil || took < hold {
			t.Errorf("it ended after %s: %v", took, err)
		}
	case <-time.After(hold + lab.Slow):
		t.Errorf("%s after SIGTERM it has not ended, with a max_hold of %s", hold+lab.Slow, hold)
	}
}

// The reader is only slow: it begins to read when the server has nothing more to do.
func TestASlowReaderOfTheLogGetsItsLastLines(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "")
	p := f.all[0]
	p.Configure(t, p.CorefileWith("selfpreserve "+p.HTTP))
	server, log, ended := unread(t, p)
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	lab.Until(t, "it has closed its listeners", func() bool { return strings.Contains(p.Ready(), "connection refused") })
	text, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || !strings.Contains(string(text), "[INFO] plugin/selfpreserve: Leaving service: no peers are configured\n") {
		t.Errorf("it ends with %v, and the last that it says is %q", err, strings.Trim(string(text), "\x00"))
	}
}

// unread starts a server whose log is a pipe that is full. Its end is sent to ended, and the
// pipe ends with it.
func unread(t *testing.T, p *peer) (server *exec.Cmd, log io.Reader, ended chan error) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = read.Close() })
	server = exec.Command(lab.Binary(t), "-conf", "Corefile") // #nosec G204 -- the test's own
	server.Dir, server.Stdout, server.Stderr = p.Dir(), write, write
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() { _ = server.Process.Kill() })
	lab.Until(t, "it is in service", func() bool { return p.Ready() == "200 OK" })
	fill(t, write)
	_ = write.Close()
	return server, read, ended
}

// fill fills a pipe, whose other users do not notice.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	fd := int(pipe.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{4096, 1} {
		for err := error(nil); err == nil; {
			_, err = syscall.Write(fd, make([]byte, size))
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
}
