package incidents

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// I2. Linkerd2's proxies asked for two SRV names whenever their TTL ended, and at once
// when it was 0: 95,000 queries in five minutes, in lock-step. The replay has 300 such
// clients in real time against the real binary, once without ttlfloor and once with.
const (
	meshClients = 300
	meshZone    = `$ORIGIN linkerd.svc.cluster.local.
@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 30
@ 3600 IN NS ns
linkerd-policy       0 IN SRV 0 100 8090 10-0-0-1
linkerd-dst-headless 0 IN SRV 0 100 8086 10-0-0-1
10-0-0-1             0 IN A   10.0.0.1
`
)

var meshNames = []string{"linkerd-policy.linkerd.svc.cluster.local.", "linkerd-dst-headless.linkerd.svc.cluster.local."}

// replayTime is how long the run with ttlfloor takes. The incident's three minutes are
// CI's; the usual one sees the first clients come back and the last.
func replayTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("HOLDFAST_REPLAY")
	if text == "" {
		return time.Minute
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 50*time.Second {
		t.Fatalf("HOLDFAST_REPLAY is %q: want a duration of at least 50s, such as 3m", text)
	}
	return d
}

func TestReplayI2LinkerdStormAgainstTheBinary(t *testing.T) {
	const stockTime = 5 * time.Second // it saturates: more shows no more
	holdfastTime := replayTime(t)
	stock := replayMesh(t, "", stockTime)
	t.Parallel() // what follows is calm, and takes its time
	holdfast := replayMesh(t, "ttlfloor", holdfastTime)
	t.Logf("%d clients, two SRV names with TTL 0\n%s\n%s", meshClients, stock.row("stock"), holdfast.row("ttlfloor"))

	afterFirst := meshRun{seconds: holdfast.seconds[1:]}
	replayed(t, "I2 query storm", "queries a second from 300 clients, for two names with TTL 0", fmt.Sprintf("%.0f", stock.mean()), fmt.Sprintf("%.1f", holdfast.mean()))
	replayed(t, "I2 query storm", "queries in the busiest second, not counting the first", fmt.Sprint(slices.Max(stock.seconds[1:])), fmt.Sprint(slices.Max(afterFirst.seconds)))

	clientNames := float64(meshClients * len(meshNames))
	if stock.mean() < clientNames {
		t.Errorf("stock: %.0f queries a second, want a storm of more than one a second from each client and name", stock.mean())
	}
	if busiest := slices.Max(afterFirst.seconds); float64(busiest) > clientNames/5 && !lab.UnderRace() { // whose clients come late, and together
		t.Errorf("the busiest second after the first has %d queries, want at most %.0f", busiest, clientNames/5)
	}
	if limit := clientNames / 33; afterFirst.mean() > limit {
		t.Errorf("%.1f queries a second after the first, want at most %.1f", afterFirst.mean(), limit)
	}
	if limit := clientNames / 33; holdfastTime >= 3*time.Minute && holdfast.mean() > limit {
		t.Errorf("%.1f queries a second, want at most %.1f", holdfast.mean(), limit)
	}
	// Each client's TTL has ended once at the least: nobody was just cut off.
	if least := 2 * clientNames; holdfast.total() < least {
		t.Errorf("%.0f queries in all, want at least %.0f: every name asked for twice", holdfast.total(), least)
	}
}

// meshRun has the queries of each second, without those that asked again for a reply
// that was lost: how many are lost is the machine's doing.
type meshRun struct {
	seconds []int64
	lost    int64
}

func (r meshRun) total() (sum float64) {
	for _, n := range r.seconds {
		sum += float64(n)
	}
	return sum
}

func (r meshRun) mean() float64 { return r.total() / float64(len(r.seconds)) }

func (r meshRun) row(name string) string {
	return fmt.Sprintf("%-8s %4d s  %9.1f queries/s  first second %6d  busiest after it %6d  lost %d",
		name, len(r.seconds), r.mean(), r.seconds[0], slices.Max(r.seconds[1:]), r.lost)
}

// replayMesh runs the clients against the binary for d, with a line in its Corefile.
func replayMesh(t *testing.T, line string, d time.Duration) meshRun {
	t.Helper()
	dir, port, metrics := t.TempDir(), lab.FreePort(t), lab.FreePort(t)
	lab.WriteAll(t, dir, map[string]string{
		"db":       meshZone,
		"Corefile": fmt.Sprintf("linkerd.svc.cluster.local:%s {\n bind 127.0.0.1\n errors\n prometheus 127.0.0.1:%s\n %s\n file db\n}\n", port, metrics, line),
	})
	var run meshRun
	t.Run("replay "+line, func(t *testing.T) { // the binary ends with the subtest
		addr := "127.0.0.1:" + port
		lab.StartBinary(t, dir, "-conf", "Corefile")
		lab.AwaitAnswer(t, addr, lab.Query("linkerd.svc.cluster.local.", dns.TypeSOA))
		var w *lab.Watch
		if line != "" { // stock CoreDNS counts nothing of this
			w = watch(t, lab.Here())
			w.Add(t, "127.0.0.1:"+metrics)
			w.Quiet(t, quietTime)
			w.Phase("300 clients ask whenever a TTL ends")
		}

		var lost atomic.Int64
		counts := make([]atomic.Int64, int(d/time.Second))
		begin := time.Now()
		end := begin.Add(d)
		var clients sync.WaitGroup
		for i := range meshClients {
			for _, name := range meshNames {
				// All within the first second, but not so dense that packets are lost.
				first := time.Duration(i) * 900 * time.Millisecond / meshClients
				clients.Go(func() { meshClient(t, addr, name, first, begin, end, counts, &lost) })
			}
		}
		clients.Wait()
		if line != "" {
			w.Fires(t, "HoldfastTTLZeroStorm warning")
			w.Cure()
			w.Ends(t)
			alerted(t, "I2 query storm", w)
		}
		for i := range counts {
			run.seconds = append(run.seconds, counts[i].Load())
		}
		run.lost = lost.Load()
	})
	if t.Failed() {
		t.FailNow()
	}
	return run
}

// meshClient asks for name from first after begin until end, each time exactly when
// the TTL has run out, and at once if it was 0. It counts the queries of each second.
func meshClient(t *testing.T, addr, name string, first time.Duration, begin, end time.Time, counts []atomic.Int64, lost *atomic.Int64) {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	c := &dns.Conn{Conn: conn}
	defer c.Close()
	again := false
	expired := time.NewTimer(time.Until(begin.Add(first)))
	for {
		<-expired.C
		now := time.Now()
		second := int(now.Sub(begin) / time.Second)
		if !now.Before(end) || second >= len(counts) {
			return
		}
		if !again {
			counts[second].Add(1)
		}
		m := lab.Query(name, dns.TypeSRV)
		_ = c.SetDeadline(now.Add(time.Second))
		err := c.WriteMsg(m)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // a machine can stand still for a second
			t.Error(err)
			return
		}
		reply, err := c.ReadMsg()
		for err == nil && reply.Id != m.Id { // a late reply to a query given up
			reply, err = c.ReadMsg()
		}
		again = err != nil
		if again { // as a resolver does
			lost.Add(1)
			expired.Reset(0)
			continue
		}
		if len(reply.Answer) == 0 {
			t.Errorf("no answer:\n%v", reply)
			return
		}
		ttl := time.Duration(reply.Answer[0].Header().Ttl) * time.Second
		expired.Reset(min(time.Until(end), time.Until(now.Add(ttl))))
	}
}
