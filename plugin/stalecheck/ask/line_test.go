package ask

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
)

// server is a reference whose packets a test reads and writes itself.
type server struct {
	*testing.T
	net.PacketConn
}

func newServer(t *testing.T) server {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return server{t, conn}
}

func (s server) next() (query *dns.Msg, from net.Addr) {
	s.Helper()
	buffer := make([]byte, 512)
	n, from, err := s.ReadFrom(buffer)
	if err != nil {
		s.Fatal(err)
	}
	query = new(dns.Msg)
	if err := query.Unpack(buffer[:n]); err != nil {
		s.Fatal(err)
	}
	return query, from
}

func (s server) send(m *dns.Msg, to net.Addr) {
	s.Helper()
	packed, err := m.Pack()
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.WriteTo(packed, to); err != nil {
		s.Fatal(err)
	}
}

func soaOf(name string) *dns.Msg {
	return &dns.Msg{Question: []dns.Question{{Name: name, Qtype: dns.TypeSOA, Qclass: dns.ClassINET}}}
}

// patient is longer than any of these tests takes.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestQueriesOfASecondShareASocketAndEachGetsItsOwnReply(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := newServer(t)
	l := NewLine(s.LocalAddr().String())
	l.life = time.Hour
	ctx := patient(t)
	const n = 100
	var asking sync.WaitGroup
	for i := range n {
		asking.Go(func() {
			name := fmt.Sprintf("z%d.example.", i)
			reply, failure := l.Ask(ctx, soaOf(name))
			if failure != "" || reply.Question[0].Name != name {
				t.Errorf("%s: %s, %v", name, failure, reply)
			}
		})
	}
	ports, ids := map[string]bool{}, map[uint16]bool{}
	var replies []*dns.Msg
	var from net.Addr
	for range n {
		var query *dns.Msg
		query, from = s.next()
		ports[from.String()], ids[query.Id] = true, true
		replies = append([]*dns.Msg{new(dns.Msg).SetReply(query)}, replies...)
	}
	for _, reply := range replies { // the last first
		s.send(reply, from)
	}
	asking.Wait()
	if len(ports) != 1 || len(ids) != n {
		t.Errorf("%d queries came from %d ports and have %d ids, want 1 and %d", n, len(ports), len(ids), n)
	}
	l.Close()
}

func TestANewSocketFollowsWhenOnesTimeIsOver(t *testing.T) {
	s := newServer(t)
	l := NewLine(s.LocalAddr().String())
	l.life = 0
	ports := map[string]bool{}
	for len(ports) < 2 { // the clock may be late
		done := make(chan verdict.Failure)
		go func() { _, failure := l.Ask(patient(t), soaOf("example.")); done <- failure }()
		query, from := s.next()
		ports[from.String()] = true
		s.send(new(dns.Msg).SetReply(query), from)
		if failure := <-done; failure != "" {
			t.Fatal(failure)
		}
	}
}

func TestRepliesThatNobodyWaitsForAreIgnored(t *testing.T) {
	s := newServer(t)
	l := NewLine(s.LocalAddr().String())
	done := make(chan verdict.Failure)
	go func() { _, failure := l.Ask(patient(t), soaOf("example.")); done <- failure }()
	query, from := s.next()
	forged := new(dns.Msg).SetReply(query)
	forged.Id++
	s.send(forged, from)
	for _, packet := range []string{"", "x"} {
		if _, err := s.WriteTo([]byte(packet), from); err != nil {
			t.Fatal(err)
		}
	}
	s.send(new(dns.Msg).SetReply(query), from)
	if failure := <-done; failure != "" {
		t.Error(failure)
	}
}

// Whoever has no port there is told so by ICMP, and the next query has another socket.
func TestASocketThatFailedIsNotUsedAgain(t *testing.T) {
	gone := newServer(t)
	_ = gone.Close()
	l := NewLine(gone.LocalAddr().String())
	if _, failure := l.Ask(patient(t), soaOf("example.")); failure != verdict.Unreachable {
		t.Fatalf("%q, want %q", failure, verdict.Unreachable)
	}
	l.life = time.Hour
	first, err := l.open(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	first.fail(net.ErrClosed)
	if _, answer := first.expect(); len(answer) != 1 {
		t.Error("a query that took the socket before it failed waits for nobody")
	}
	second, err := l.open(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	if second == first {
		t.Error("a socket that failed is used again")
	}
	first.release()
	second.release()
	l.Close()
}

func TestAQueryThatWasAnsweredTakesNothingFromTheNextWithItsID(t *testing.T) {
	s := &socket{waiting: make(map[uint16]chan answer)}
	id, first := s.expect()
	next := make(chan answer, 1)
	s.waiting[id] = next // since the answer to the first has come
	s.forget(id, first)
	if s.waiting[id] != next {
		t.Error("the next query with the id of one that was answered does not get its answer")
	}
	s.forget(id, next)
	if len(s.waiting) > 0 {
		t.Error("a query that nobody waits for is kept")
	}
}

// FuzzReplies has a reference send two packets, of which any may be forged.
func FuzzReplies(f *testing.F) {
	f.Add([]byte("\x00\x07\x84\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01"), []byte("\x00"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		ours, theirs := net.Pipe()
		s := &socket{conn: ours, waiting: map[uint16]chan answer{7: make(chan answer, 1)}, users: 1}
		done := make(chan struct{})
		go func() { defer close(done); s.read() }()
		waiting := s.waiting[7]
		for _, packet := range [][]byte{a, b} {
			_, _ = theirs.Write(packet)
		}
		_ = theirs.Close()
		<-done
		got := <-waiting // a packet, or that the socket failed
		if got.err == nil && (len(got.packed) < 2 || got.packed[0] != 0 || got.packed[1] != 7) {
			t.Errorf("%x is no answer to query 7", got.packed)
		}
		s.release()
	})
}
