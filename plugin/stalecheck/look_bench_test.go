package stalecheck

import (
	"context"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// soaServer answers every query with an SOA record of serial 1 and does as little as possible
// for it, so that a benchmark measures who asks.
func soaServer(tb testing.TB) (address string) {
	tb.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	soa := []byte("\xc0\x0c\x00\x06\x00\x01\x00\x00\x00\x3c\x00\x16\x00\x00\x00\x00\x00\x01\x00\x00\x1c\x20\x00\x00\x03\x84\x00\x12\x75\x00\x00\x00\x00\x3c")
	go func() {
		buffer := make([]byte, dns.DefaultMsgSize)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			end := 12
			for end < n && buffer[end] != 0 {
				end += 1 + int(buffer[end])
			}
			reply := append(buffer[:end+5:end+5], soa...)
			reply[2], reply[3] = 0x84, 0
			reply[7], reply[11] = 1, 0
			_, _ = conn.WriteTo(reply, from)
		}
	}()
	return conn.LocalAddr().String()
}

// restingCheck watches n zones that its primary has, too.
func restingCheck(tb testing.TB, n int) *StaleCheck {
	tb.Helper()
	s := newCheck(tb, manyZones(n, "primary "+soaServer(tb)))
	s.now = time.Now
	s.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := new(dns.Msg).SetReply(r)
		m.Answer = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Serial: 1, Expire: 600}}
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
	if err := s.readFrom(func(string) plugin.Handler { return nil }); err != nil {
		tb.Fatal(err)
	}
	return s
}

// BenchmarkLook is one look at a zone: at the backend, and at a primary over loopback,
// whose own work is in it.
func BenchmarkLook(b *testing.B) {
	s := restingCheck(b, 10_000)
	ctx := b.Context()
	b.ReportAllocs()
	before := cpuTime(b)
	i := 0
	for b.Loop() {
		z := s.zones[i%len(s.zones)]
		s.look(ctx, z)
		if i++; i%100 == 0 {
			s.tasks.Wait()
		}
	}
	s.tasks.Wait()
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	if v := s.zones[0].verdict.Load(); v.Status != verdict.Fresh {
		b.Fatalf("%+v", v)
	}
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkZonesAtRest is the memory that each watched zone takes, goroutines' stacks included.
func BenchmarkZonesAtRest(b *testing.B) {
	const n = 10_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		goroutines := runtime.NumGoroutine()
		s := restingCheck(b, n)
		s.start()
		fresh := func() bool {
			for _, z := range s.zones {
				if z.verdict.Load().Status != verdict.Fresh {
					return false
				}
			}
			return true
		}
		for !fresh() {
			<-time.After(100 * time.Millisecond)
		}
		<-time.After(s.interval)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "heap-B/zone")
		b.ReportMetric((float64(after.StackInuse)-float64(before.StackInuse))/n, "stack-B/zone")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines), "goroutines")
		b.ReportMetric(0, "ns/op")
		s.stop()
	}
}
