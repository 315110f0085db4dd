package stalecheck

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// asked asks a server that answers with what reply makes of a correct answer. reply may
// write itself and return nil.
func asked(t *testing.T, reply func(w dns.ResponseWriter, good *dns.Msg) *dns.Msg) (verdict.Answer, verdict.Failure) {
	t.Helper()
	s := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
		good := new(dns.Msg).SetReply(r)
		good.Authoritative = true
		good.Answer = records(t, "example.org. 300 IN SOA ns.example.org. h.example.org. 2026112101 7200 900 1209600 300")
		if m := reply(w, good); m != nil {
			_ = w.WriteMsg(m)
		}
	})
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	return askReference(ctx, ask.NewLine(s.Addr), "example.org.")
}

func overUDP(w dns.ResponseWriter) bool { return w.LocalAddr().Network() == "udp" }

func TestReferences(t *testing.T) {
	soa := func(text string) []dns.RR { return records(t, text) }
	for name, tc := range map[string]struct {
		reply func(w dns.ResponseWriter, good *dns.Msg) *dns.Msg
		want  verdict.Failure
	}{
		"good": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { return m }, ""},
		"in other capitals": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			m.Question[0].Name, m.Answer[0].Header().Name = "EXAMPLE.org.", "example.ORG."
			return m
		}, ""},
		"signed": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			m.Answer = append(m.Answer, &dns.RRSIG{Hdr: dns.RR_Header{Name: "example.org.", Rrtype: dns.TypeRRSIG, Class: dns.ClassINET}, SignerName: "example.org."})
			return m
		}, ""},
		"truncated, whole over TCP": {func(w dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			if overUDP(w) {
				m.Truncated, m.Answer = true, nil
			}
			return m
		}, ""},
		"truncated over TCP too": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Truncated = true; return m }, verdict.Malformed},
		"TCP that stalls": {func(w dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			if !overUDP(w) {
				return nil
			}
			m.Truncated = true
			return m
		}, verdict.Timeout},
		"TCP with another id": {func(w dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			m.Truncated = overUDP(w)
			if !overUDP(w) {
				m.Id++
			}
			return m
		}, verdict.Mismatch},
		"silence":        {func(dns.ResponseWriter, *dns.Msg) *dns.Msg { return nil }, verdict.Timeout},
		"another id":     {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Id++; return m }, verdict.Timeout},
		"a query":        {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Response = false; return m }, verdict.Mismatch},
		"another opcode": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Opcode = dns.OpcodeNotify; return m }, verdict.Mismatch},
		"another name": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			m.Question[0].Name = "example.net."
			return m
		}, verdict.Mismatch},
		"another type":    {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Question[0].Qtype = dns.TypeNS; return m }, verdict.Mismatch},
		"another class":   {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Question[0].Qclass = dns.ClassCHAOS; return m }, verdict.Mismatch},
		"no question":     {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Question = nil; return m }, verdict.Mismatch},
		"not authorative": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Authoritative = false; return m }, verdict.NotAuthoritative},
		"no SOA":          {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Answer = nil; return m }, verdict.NoSOA},
		"the parent's SOA": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			m.Answer = soa("org. 300 IN SOA ns.org. h.org. 9 1 1 1 1")
			return m
		}, verdict.NoSOA},
		"a SOA in the authority section": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Answer, m.Ns = nil, m.Answer; return m }, verdict.NoSOA},
		"two SOAs": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			m.Answer = append(m.Answer, soa("example.org. 300 IN SOA ns.example.org. h.example.org. 9 1 1 1 1")...)
			return m
		}, verdict.SeveralSOAs},
		"REFUSED":  {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Rcode = dns.RcodeRefused; return m }, verdict.Refused},
		"SERVFAIL": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Rcode = dns.RcodeServerFailure; return m }, verdict.ServFail},
		"NXDOMAIN": {func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg { m.Rcode = dns.RcodeNameError; return m }, verdict.OtherRcode},
		"a compression pointer to itself": {func(w dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			packed, err := m.Pack()
			if err != nil {
				t.Error(err)
			}
			packed[12], packed[13] = 0xc0, 12
			_, _ = w.Write(packed)
			return nil
		}, verdict.Malformed},
		"a header cut short": {func(w dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			packed, _ := m.Pack()
			_, _ = w.Write(packed[:7])
			return nil
		}, verdict.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			answer, failure := asked(t, tc.reply)
			if failure != tc.want {
				t.Errorf("failure %q, want %q", failure, tc.want)
			}
			want := verdict.Answer{}
			if tc.want == "" {
				want.Serial = 2026112101
			}
			if answer != want {
				t.Errorf("%+v, want %+v", answer, want)
			}
		})
	}
}

func TestAReferenceThatIsNotThere(t *testing.T) {
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := gone.LocalAddr().String()
	_ = gone.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, failure := askReference(ctx, ask.NewLine(addr), "example.org."); failure != verdict.Unreachable {
		t.Errorf("failure %q, want %q", failure, verdict.Unreachable)
	}
}

// The query itself: no recursion is asked for, and nothing else but how long the zone lasts.
func TestTheQueryOfAProbe(t *testing.T) {
	queries := make(chan *dns.Msg, 1)
	s := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
		queries <- r
		_ = w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeRefused))
	})
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, failure := askReference(ctx, ask.NewLine(s.Addr), "example.org."); failure != verdict.Refused {
		t.Fatal(failure)
	}
	if q := <-queries; q.RecursionDesired || q.Question[0] != (dns.Question{Name: "example.org.", Qtype: dns.TypeSOA, Qclass: dns.ClassINET}) || len(q.Extra) != 1 ||
		q.IsEdns0().Do() || q.IsEdns0().UDPSize() != 1232 || !slices.Equal(optionsOf(q), []string{"EXPIRE"}) {
		t.Errorf("the query is %v", q)
	}
}

// optionsOf are those of m's OPT record, each with the seconds of an EXPIRE that has some.
func optionsOf(m *dns.Msg) (all []string) {
	if m.IsEdns0() == nil {
		return nil
	}
	for _, o := range m.IsEdns0().Option {
		switch o := o.(type) {
		case *dns.EDNS0_EXPIRE:
			all = append(all, strings.TrimSpace("EXPIRE "+o.String()))
		default:
			all = append(all, o.String())
		}
	}
	return all
}

// Primaries may tell how long their own copy lasts (RFC 7314). An older server, which knows
// neither the option nor EDNS, is asked again without.
func TestWhatAReferenceSaysOfItsExpiry(t *testing.T) {
	with := func(o dns.EDNS0) func(dns.ResponseWriter, *dns.Msg) *dns.Msg {
		return func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			m.SetEdns0(1232, false)
			m.IsEdns0().Option = []dns.EDNS0{o}
			return m
		}
	}
	queries := 0
	refusing := func(rcode int) func(dns.ResponseWriter, *dns.Msg) *dns.Msg {
		return func(_ dns.ResponseWriter, m *dns.Msg) *dns.Msg {
			if queries++; queries == 1 {
				return &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true, Rcode: rcode}, Question: m.Question}
			}
			return m
		}
	}
	for name, tc := range map[string]struct {
		reply func(dns.ResponseWriter, *dns.Msg) *dns.Msg
		want  verdict.Answer
	}{
		"with the time":   {with(&dns.EDNS0_EXPIRE{Code: dns.EDNS0EXPIRE, Expire: 95}), verdict.Answer{Serial: 2026112101, TellsExpire: true, Expire: 95}},
		"with 0":          {with(&dns.EDNS0_EXPIRE{Code: dns.EDNS0EXPIRE}), verdict.Answer{Serial: 2026112101, TellsExpire: true}},
		"without a time":  {with(&dns.EDNS0_EXPIRE{Code: dns.EDNS0EXPIRE, Empty: true}), verdict.Answer{Serial: 2026112101}},
		"another option":  {with(&dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: "00"}), verdict.Answer{Serial: 2026112101}},
		"FORMERR at EDNS": {refusing(dns.RcodeFormatError), verdict.Answer{Serial: 2026112101}},
		"NOTIMP at EDNS":  {refusing(dns.RcodeNotImplemented), verdict.Answer{Serial: 2026112101}},
	} {
		queries = 0
		if got, failure := asked(t, tc.reply); got != tc.want || failure != "" {
			t.Errorf("%s: %+v, %s; want %+v", name, got, failure, tc.want)
		}
	}
}

// The end of an instance does not wait for a reference that is silent.
func TestAProbeEndsWithItsContext(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan verdict.Failure)
	go func() {
		_, failure := askReference(ctx, ask.NewLine(silent.LocalAddr().String()), "example.org.")
		done <- failure
	}()
	if _, _, err := silent.ReadFrom(make([]byte, 512)); err != nil { // it waits now
		t.Fatal(err)
	}
	cancel()
	select {
	case failure := <-done:
		if failure != verdict.Timeout {
			t.Errorf("failure %q", failure)
		}
	case <-time.After(time.Second): // the client's own timeout is 2 s
		t.Error("it waits for its timeout")
	}
}

func FuzzReadAnswer(f *testing.F) {
	good := message(f, "example.org. SOA", "example.org. 300 IN SOA ns.example.org. h.example.org. 1 2 3 4 5")
	good.Authoritative = true
	packed, err := good.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, packed []byte) {
		m := new(dns.Msg)
		if m.Unpack(packed) != nil {
			return
		}
		answer, failure := readAnswer(m, "example.org.")
		serial := answer.Serial
		if failure != "" {
			if answer != (verdict.Answer{}) {
				t.Errorf("%s, and %+v", failure, answer)
			}
			return
		}
		soas := 0
		for _, rr := range m.Answer {
			if soa, ok := rr.(*dns.SOA); ok && strings.EqualFold(soa.Hdr.Name, "example.org.") {
				if soas++; soa.Serial != serial {
					t.Errorf("serial %d of %v", serial, soa)
				}
			}
		}
		if soas != 1 || !m.Authoritative || m.Rcode != dns.RcodeSuccess {
			t.Errorf("serial %d of %v", serial, m)
		}
	})
}
