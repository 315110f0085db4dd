package selfpreserve

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/core/dnsserver"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// listener is a DNS server on loopback, over UDP and TCP, that answers with handle.
func listener(t *testing.T, handle dns.HandlerFunc) string {
	t.Helper()
	var packets net.PacketConn
	var streams net.Listener
	for range 20 { // a port that is free for TCP may not be for UDP
		var err error
		if streams, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if packets, err = net.ListenPacket("udp", streams.Addr().String()); err == nil {
			break
		}
		_ = streams.Close()
	}
	if packets == nil {
		t.Fatal("no port is free for both")
	}
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: handle}, {Listener: streams, Handler: handle}} {
		started, ended := make(chan struct{}), make(chan error, 1)
		s.NotifyStartedFunc = func() { close(started) }
		go func() { ended <- s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() {
			_ = s.Shutdown()
			<-ended
		})
	}
	return streams.Addr().String()
}

// zone answers by the name's first label.
func zone(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	name, tcp := q.Question[0].Name, w.RemoteAddr().Network() == "tcp"
	add := func(text string) {
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	a := q.Question[0].Qtype == dns.TypeA
	switch label, _, _ := strings.Cut(name, "."); {
	case label == "silent":
		return
	case label == "servfail":
		m.Rcode = dns.RcodeServerFailure
	case label == "refused":
		m.Rcode = dns.RcodeRefused
	case label == "nxdomain":
		m.Rcode = dns.RcodeNameError
	case label == "large" && !tcp:
		m.Truncated = true
		add(name + " 5 A 10.0.0.1")
	case label == "large" && a:
		for i := range 100 {
			add(fmt.Sprintf("%s 5 A 10.0.1.%d", name, i))
		}
	case label == "both" && a:
		add(name + " 5 A 10.0.0.1")
		add(name + " 5 A 10.0.0.2")
	case label == "both":
		add(name + " 5 AAAA 2001:db8::1")
		add(name + " 5 AAAA ::ffff:10.0.0.3")
	case label == "alias" && a:
		add(name + " 5 CNAME one.test.")
		add("one.test. 5 CNAME two.test.")
		add("two.test. 5 A 10.0.0.9")
	}
	_ = w.WriteMsg(m)
}

func TestNamesAreLookedUpAtTheOwnListener(t *testing.T) {
	address := listener(t, zone)
	for _, c := range []struct {
		name  string
		qtype uint16
		want  string
		err   string
	}{
		{"both.test.", dns.TypeA, "[10.0.0.1 10.0.0.2]", ""},
		{"both.test.", dns.TypeAAAA, "[2001:db8::1 10.0.0.3]", ""},
		{"alias.test.", dns.TypeA, "[10.0.0.9]", ""},
		{"alias.test.", dns.TypeAAAA, "[]", ""},
		{"nxdomain.test.", dns.TypeA, "[]", ""},
		{"nothing.test.", dns.TypeA, "[]", ""},
		{"servfail.test.", dns.TypeA, "[]", "SERVFAIL"},
		{"refused.test.", dns.TypeAAAA, "[]", "REFUSED"},
	} {
		ips, err := lookUpAt(address)(t.Context(), c.name, c.qtype)
		if got := fmt.Sprint(ips); got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: %s, %v; want %s, %s", c.name, got, err, c.want, c.err)
		}
	}
	if ips, err := lookUpAt(address)(t.Context(), "large.test.", dns.TypeA); len(ips) != 100 || err != nil {
		t.Errorf("%d addresses, %v: want 100, over TCP", len(ips), err)
	}
}

func TestACanaryFailsWithoutAnAnswerThatIsOne(t *testing.T) {
	address := listener(t, zone)
	unused := httpAddress(t)
	for _, c := range []struct{ address, name, want string }{
		{address, "both.test.", ""}, {address, "nxdomain.test.", ""}, {address, "nothing.test.", ""}, {address, "large.test.", ""},
		{address, "servfail.test.", "SERVFAIL"}, {address, "refused.test.", "REFUSED"},
		{address, "silent.test.", address + ": no reply in time"},
		{unused, "both.test.", unused + ": read: connection refused"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if c.name == "silent.test." {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		}
		got := ""
		if err := (canary{c.name, dns.TypeA}).lookAt(c.address, maxLook)(ctx); err != nil {
			got = err.Error()
		}
		cancel()
		if got != c.want {
			t.Errorf("%s at %s: %q, want %q", c.name, c.address, got, c.want)
		}
	}
	if got, want := (canary{"a.test.", dns.TypeSOA}).String(), "canary a.test. SOA"; got != want {
		t.Errorf("it is called %s, want %s", got, want)
	}
}

// A reload waits for what runs: not for a listener that does not answer.
func TestAPauseDoesNotWaitForAnAnswer(t *testing.T) {
	asked := make(chan struct{}, 100)
	address := listener(t, func(dns.ResponseWriter, *dns.Msg) { asked <- struct{}{} })
	s := newSurveyor(t, nobody)
	s.conf.interval = time.Minute
	s.lookUp = lookUpAt(address)
	s.checks.add("canary a. A", canary{"a.", dns.TypeA}.lookAt(address, maxLook))
	s.run(s.dependencies)
	for range 3 {
		<-asked
	}
	begin := s.now()
	s.pause()
	if took := s.now() - begin; took > time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestTheOwnListenerIsWhereTheBlockAnswers(t *testing.T) {
	for _, c := range []struct{ host, want string }{
		{"", "127.0.0.1:1053"}, {"0.0.0.0", "127.0.0.1:1053"}, {"::", "[::1]:1053"}, {"192.0.2.1", "192.0.2.1:1053"}, {"2001:db8::1", "[2001:db8::1]:1053"},
	} {
		if got := listenerOf(&dnsserver.Config{ListenHosts: []string{c.host}, Port: "1053"}); got != c.want {
			t.Errorf("%q: %s, want %s", c.host, got, c.want)
		}
	}
	if got := listenerOf(&dnsserver.Config{Port: "53"}); got != "127.0.0.1:53" {
		t.Error(got)
	}
}

func TestOwnAddressesAreThoseOfTheListener(t *testing.T) {
	for _, c := range []struct {
		listen, own, maybe, others string
	}{
		{"203.0.113.76:8182", "203.0.113.76:8182", "127.0.0.1:8182", "203.0.113.76:8183 203.0.113.77:8182 127.0.0.1:8183"},
		{"[fe80::1%eth0]:8182", "[fe80::1]:8182 [fe80::1%eth1]:8182", "127.0.0.1:8182", "[fe80::2]:8182"},
		{"[::ffff:203.0.113.76]:8182", "203.0.113.76:8182", "127.0.0.1:8182", "203.0.113.77:8182"},
		{":8182", "127.0.0.1:8182", "", "127.0.0.1:53 203.0.113.76:8182"},
		{"[::]:8182", "127.0.0.1:8182", "", "127.0.0.1:53 203.0.113.76:8182"},
	} {
		isSelf := ownAddresses(c.listen)
		for text, want := range map[string]roster.Ownership{c.own: roster.IsOwn, c.maybe: roster.MayBeOwn, c.others: roster.NotOwn} {
			for _, a := range addrs(strings.Fields(text)...) {
				if got := isSelf(a); got != want {
					t.Errorf("%s: ownership of %s is %d, want %d", c.listen, a, got, want)
				}
			}
		}
	}
}
