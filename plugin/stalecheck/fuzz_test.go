package stalecheck

import (
	"slices"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"

	"github.com/miekg/dns"
)

// FuzzMark sends arbitrary replies to arbitrary queries through a stale zone: what comes
// out packs, has the records that it would have without the plugin, is truncated only if
// it would be without, and the backend's message is as it was.
func FuzzMark(f *testing.F) {
	for _, m := range []*dns.Msg{
		message(f, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1"),
		message(f, "gone.example.org. A", "rcode: NXDOMAIN", "authority: example.org. 300 IN SOA ns.example.org. h.example.org. 1 2 3 4 5"),
		message(f, "example.org. MX", "example.org. 300 IN MX 1 a.example.org.", "additional: a.example.org. 300 IN AAAA 2001:db8::1"),
		message(f, "www.example.org. A", "rcode: SERVFAIL"),
	} {
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed, uint16(512), true, false)
		m.SetEdns0(4096, true)
		packed, _ = m.Pack()
		f.Add(packed, uint16(1232), true, true)
	}
	f.Fuzz(func(t *testing.T, packed []byte, size uint16, edns, tcp bool) {
		m := new(dns.Msg)
		if m.Unpack(packed) != nil || len(m.Question) != 1 {
			return
		}
		m.Response, m.Truncated = true, false
		q := new(dns.Msg)
		q.Question = []dns.Question{{Name: "www.example.org.", Qtype: dns.TypeA, Qclass: dns.ClassINET}}
		if edns {
			q.SetEdns0(size, false)
		}
		through := func(s *StaleCheck) *dns.Msg {
			rec := dnstest.NewRecorder(&test.ResponseWriter{TCP: tcp})
			q := q.Copy()
			s.Next = answering(m.Copy())
			if _, err := s.ServeDNS(t.Context(), request.NewScrubWriter(q, rec), q); err != nil {
				t.Fatal(err)
			}
			return rec.Msg
		}
		without := through(newCheck(t, withPrimary))
		with := through(newCheck(t, withPrimary).seen(t, "example.org.", behind95))
		if _, err := without.Pack(); err != nil {
			return // it did not pack before
		}
		if _, err := with.Pack(); err != nil {
			t.Fatalf("%v does not pack: %v", with, err)
		}
		if with.Truncated != without.Truncated || with.Rcode != without.Rcode {
			t.Errorf("TC %v and %d, without the plugin %v and %d", with.Truncated, with.Rcode, without.Truncated, without.Rcode)
		}
		for i, sections := range [][2][]dns.RR{{with.Answer, without.Answer}, {with.Ns, without.Ns}, {with.Extra, without.Extra}} {
			got, want := names(sections[0]), names(sections[1])
			if !slices.Equal(got, want) {
				t.Errorf("section %d has %q, without the plugin %q", i, got, want)
			}
		}
		if !edns && (with.IsEdns0() != nil) != (without.IsEdns0() != nil) {
			t.Errorf("an OPT record came or went: %v", with)
		}
		if n := countEDE(options(with)); n > countEDE(options(without))+1 {
			t.Errorf("%d errors", n)
		}

		kept := m.Copy()
		s := newCheck(t, withPrimary).seen(t, "example.org.", behind95)
		s.Next = answering(m)
		if _, err := s.ServeDNS(t.Context(), &test.ResponseWriter{}, q); err != nil {
			t.Fatal(err)
		}
		if m.String() != kept.String() {
			t.Errorf("the backend's message was changed from\n%v\nto\n%v", kept, m)
		}
	})
}

func names(rrs []dns.RR) []string {
	var all []string
	for _, rr := range rrs {
		all = append(all, rr.Header().Name+dns.TypeToString[rr.Header().Rrtype])
	}
	return all
}

func options(m *dns.Msg) []dns.EDNS0 {
	if opt := m.IsEdns0(); opt != nil {
		return opt.Option
	}
	return nil
}
