package fleet

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// BenchmarkGrantedDeparture sends one of three servers SIGTERM, twenty times, each time
// a lifetime of promises after its start: within that it would stay. It reports the time
// until its log says that it was let go, and until the process has ended.
//
//	go test ./test/fleet -run '^$' -bench GrantedDeparture
func BenchmarkGrantedDeparture(b *testing.B) {
	const departures, promise = 20, time.Second
	dnsPort, port, db := lab.FreePort(b), lab.FreePort(b), filepath.Join(b.TempDir(), "db")
	lab.Write(b, db, lab.BenchZone())
	configure := func(number int) (dir string) {
		dir = b.TempDir()
		corefile := fmt.Sprintf("example.org:%s {\n bind 127.0.0.%d\n selfpreserve 127.0.0.%[2]d:%s {\n peers static 127.0.0.1:%[3]s 127.0.0.2:%[3]s 127.0.0.3:%[3]s\n promise %s\n interval 300ms\n max_hold 2s\n canary svc1.example.org\n }\n file %s\n}\n",
			dnsPort, number, port, promise, db)
		lab.Write(b, filepath.Join(dir, "Corefile"), corefile)
		return dir
	}
	for number := 1; number <= 2; number++ {
		lab.StartBinary(b, configure(number), "-conf", "Corefile")
		awaitReady(b, fmt.Sprintf("127.0.0.%d:%s", number, port))
	}
	dir := configure(3)
	var let, gone []float64
	for range departures {
		server := lab.StartDaemon(b, dir, lab.Binary(b), "-conf", "Corefile")
		awaitReady(b, net.JoinHostPort("127.0.0.3", port))
		<-time.After(promise + 500*time.Millisecond)
		begin := time.Now()
		server.Terminate(b)
		poll := time.NewTicker(time.Millisecond)
		told := false
		for running := true; running; {
			select {
			case <-server.Ended:
				if gone = append(gone, float64(time.Since(begin).Microseconds())/1000); server.Err != nil {
					b.Error(server.Err)
				}
				running = false
			case <-poll.C:
			}
			if !told && strings.Contains(server.String(), "Leaving service: enough peers have promised to stay") {
				told = true
				let = append(let, float64(time.Since(begin).Microseconds())/1000)
			}
		}
		poll.Stop()
		if !told {
			b.Errorf("it was not let go:\n%s", server)
		}
	}
	b.ReportMetric(lab.Median(let), "released-ms")
	b.ReportMetric(lab.Median(gone), "exited-ms")
	b.ReportMetric(0, "ns/op")
	fmt.Printf("let go after %.1f ms in the median (%.1f to %.1f), ended after %.1f ms (%.1f to %.1f)\n",
		lab.Median(let), slices.Min(let), slices.Max(let), lab.Median(gone), slices.Min(gone), slices.Max(gone))
}
