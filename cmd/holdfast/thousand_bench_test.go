package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/probe"
	"github.com/holdfastdns/holdfast/test/lab"
)

// A thousand servers, each asked for the SOA record and a heartbeat over UDP and TCP in each
// round of ten seconds, by a process that has one core. It reports how much of the core it
// takes, and its memory.
func BenchmarkThousandServers(b *testing.B) {
	const servers, round = 1000, 10 * time.Second
	args := []string{"probe", "heartbeat.example.org", "-o", "json", "--interval", round.String()}
	address := startEverywhere(b)
	for i := range servers {
		args = append(args, fmt.Sprintf("127.1.%d.%d:%s", i/250, i%250+1, address))
	}
	for b.Loop() {
		cmd := exec.Command(lab.Holdfast(b), args...) // #nosec G204 -- the test's own
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			b.Fatal(err)
		}
		rounds := json.NewDecoder(out)
		const measured = 3
		begin, used := time.Time{}, 0.0
		for i := range measured + 1 { // the first is for the start
			var r probe.Round
			if err := rounds.Decode(&r); err != nil {
				b.Fatal(err)
			}
			if r.Fresh != 2*servers {
				b.Errorf("round %d: %s", i, r.Verdict)
			}
			if i == 0 {
				begin, used = time.Now(), lab.CPUTime(b, cmd.Process.Pid)
			}
		}
		b.ReportMetric(100*(lab.CPUTime(b, cmd.Process.Pid)-used)/time.Since(begin).Seconds(), "%core")
		b.ReportMetric(peakMemory(b, cmd.Process.Pid), "MB")
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	}
}

// startEverywhere runs a server at every address of 127/8, and returns its port.
func startEverywhere(b *testing.B) string {
	b.Helper()
	f := &fake{serial: 7, beat: "1s"}
	conn, err := net.ListenPacket("udp", "0.0.0.0:0")
	if err != nil {
		b.Fatal(err)
	}
	port := strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port)
	listener, err := net.Listen("tcp", "0.0.0.0:"+port)
	if err != nil {
		b.Fatal(err)
	}
	lab.ServeDNS(b, &dns.Server{PacketConn: conn, Handler: f.answer("everywhere")})
	lab.ServeDNS(b, &dns.Server{Listener: listener, Handler: f.answer("everywhere")})
	return port
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory is what a process has had at most, in MB.
func peakMemory(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	kB, err := strconv.ParseFloat(string(bytes.TrimSpace(peak.FindSubmatch(status)[1])), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kB / 1000
}
