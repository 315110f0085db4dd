package selfpreserve

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// at is a client of that address.
type at struct {
	test.ResponseWriter
	address net.Addr
}

func (a at) RemoteAddr() net.Addr { return a.address }

func TestOnlyTheErrorOfAnOwnQuestionIsTakenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &askedItself
		o.asked = nil // of another test, in another time
		broken := errors.New("no healthy upstream")
		h := ownErrors{plugin.HandlerFunc(func(_ context.Context, _ dns.ResponseWriter, r *dns.Msg) (int, error) {
			r.Question[0].Name = "rewritten." // as rewrite does
			return dns.RcodeServerFailure, broken
		})}
		udp := func(address string, port int) net.Addr { return &net.UDPAddr{IP: net.ParseIP(address), Port: port} }
		ask := func(from net.Addr, id uint16) error {
			q := new(dns.Msg).SetQuestion("example.org.", dns.TypeA)
			q.Id = id
			rcode, err := h.ServeDNS(t.Context(), &at{address: from}, q)
			if rcode != dns.RcodeServerFailure {
				t.Errorf("the rcode is %d", rcode)
			}
			return err
		}
		own := new(dns.Msg).SetQuestion("example.org.", dns.TypeA)
		own.Id = 7
		o.add(udp("127.0.0.1", 4711), own)
		if err := o.errorOf(udp("127.0.0.1", 4711), own); err != nil {
			t.Errorf("before it is answered: %v", err)
		}
		for _, c := range []struct {
			from net.Addr
			id   uint16
			own  bool
		}{
			{udp("127.0.0.1", 4711), 7, true}, {&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, 7, true}, {udp("::ffff:127.0.0.1", 4711), 7, true},
			{udp("127.0.0.1", 4711), 8, false}, {udp("127.0.0.1", 4712), 7, false}, {udp("127.0.0.2", 4711), 7, false}, {&net.UnixAddr{Name: "x", Net: "unix"}, 7, false},
		} {
			if err := ask(c.from, c.id); (err == nil) != c.own {
				t.Errorf("of %s %d: %v", c.from, c.id, err)
			}
		}
		if err := o.errorOf(udp("127.0.0.1", 4711), own); !errors.Is(err, broken) {
			t.Errorf("the check has %v", err)
		}
		time.Sleep(lateAnswer + time.Second)
		other := new(dns.Msg).SetQuestion("example.org.", dns.TypeA)
		o.add(udp("127.0.0.1", 4713), other)
		if err := ask(udp("127.0.0.1", 4711), 7); err == nil {
			t.Error("a client that has the address later is taken for this server")
		}
		if n := len(o.asked); n != 1 {
			t.Errorf("%d are remembered", n)
		}
	})
}
