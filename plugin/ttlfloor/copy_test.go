package ttlfloor

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// What a backend hands out may be in its zone: only records that change are copied,
// and lists and spare capacity of lists are its own too.
func TestUnchangedRecordsAreShared(t *testing.T) {
	floor := newFloor(t, "ttlfloor 10s")
	m := message(t, "a.example.org. A", "a.example.org. 300 IN CNAME b.example.org.", "b.example.org. 1 IN A 10.0.0.1",
		"authority: example.org. 1 IN NS ns.example.org.", "additional: ns.example.org. 300 IN A 10.0.0.2")
	m.Answer = append(m.Answer, nil)[:2] // room behind the list
	out, _ := raise(t, floor, m)
	if out == m || &out.Answer[0] == &m.Answer[0] || out.Answer[1] == m.Answer[1] {
		t.Fatal("message, list or changed record is shared with the input")
	}
	if out.Answer[0] != m.Answer[0] || out.Ns[0] != m.Ns[0] || out.Extra[0] != m.Extra[0] {
		t.Error("a record that stays was copied")
	}
	out.Answer = append(out.Answer, out.Answer[0])
	if m.Answer[:3][2] != nil {
		t.Error("appending to the output wrote into the input's list")
	}
}

func TestSectionsThatStayLendNoRoomBehindThem(t *testing.T) {
	record := "a.example.org. 300 IN A 10.0.0.1"
	for changed := range 3 {
		texts := []string{record, "authority: " + record, "additional: " + record}
		texts[changed] = strings.Replace(texts[changed], "300 IN A 10.0.0.1", "1 IN AAAA ::1", 1)
		m := message(t, "a.example.org. MX", append(texts, "authority: example.org. 1 IN SOA ns.example.org. h.example.org. 1 2 3 4 1")...)
		lists := []*[]dns.RR{&m.Answer, &m.Ns, &m.Extra}
		for _, list := range lists {
			*list = append(*list, nil)[:len(*list)]
		}
		out, _ := raise(t, newFloor(t, "ttlfloor 10s"), m)
		for i, section := range []*[]dns.RR{&out.Answer, &out.Ns, &out.Extra} {
			*section = append(*section, out.Ns[0])
			if came := *lists[i]; came[:len(came)+1][len(came)] != nil {
				t.Errorf("appending to section %d of the output wrote into the input's", i)
			}
		}
	}
}

// A reply with one address as its answer is made apart from others.
func TestSectionsBesideALoneAddressLendNoRoomBehindThem(t *testing.T) {
	for _, record := range []string{"A 10.0.0.1", "AAAA ::1"} {
		m := message(t, "a.example.org. "+strings.Fields(record)[0], "a.example.org. 1 IN "+record, "authority: example.org. 1 IN NS ns.example.org.")
		m.SetEdns0(1232, false)
		lists := []*[]dns.RR{&m.Answer, &m.Ns, &m.Extra}
		for _, list := range lists {
			*list = append(*list, nil)[:len(*list)]
		}
		out, _ := raise(t, newFloor(t, "ttlfloor 10s"), m)
		if out.Ns[0] != m.Ns[0] || out.Extra[0] != m.Extra[0] {
			t.Error("a record that stays was copied")
		}
		for i, section := range []*[]dns.RR{&out.Answer, &out.Ns, &out.Extra} {
			*section = append(*section, out.Ns[0])
			if came := *lists[i]; came[:len(came)+1][len(came)] != nil {
				t.Errorf("%s: appending to section %d of the output wrote into the input's", record, i)
			}
		}
	}
}

// A spread of so few percent leaves most draws where they were.
func TestAReplyWhoseDrawChangesNothingIsTheBackendsOwn(t *testing.T) {
	floor := newFloor(t, "ttlfloor 5s {\n spread 0% 1%\n}")
	floor.draw = func() uint64 { return 0 }
	m := message(t, "a.example.org. A", "a.example.org. 10 IN A 10.0.0.1")
	if out, why := floor.raise(m); out != m || why != 0 {
		t.Errorf("got a copy, for %v", why)
	}
}

// A header alone is a record to miekg/dns, which copies it to nil.
func TestRecordsWithoutRDATAAreCopiedToo(t *testing.T) {
	header := &dns.RR_Header{Name: "a.example.org.", Rrtype: dns.TypeA, Class: dns.ClassINET}
	m := message(t, "a.example.org. A", "a.example.org. 1 IN A 10.0.0.1")
	m.Answer = append(m.Answer, header)
	out, _ := raise(t, newFloor(t, "ttlfloor 10s {\n jitter off\n}"), m)
	if got := ttls(out); got != "30 30" || header.Ttl != 0 {
		t.Errorf("TTLs %q, want 30 30; the input has %d", got, header.Ttl)
	}
}

// A plugin above may append to a section, as tsig does. The lists of a small reply
// stand in one block of memory.
func TestSectionsOfTheOutputDoNotOverlap(t *testing.T) {
	m := message(t, "s.example.org. SRV", "s.example.org. 1 IN SRV 0 0 80 a.example.org.",
		"additional: a.example.org. 1 IN A 10.0.0.1", "additional: a.example.org. 1 IN AAAA ::1")
	out, _ := raise(t, newFloor(t, "ttlfloor 10s"), m)
	first := out.Extra[0]
	out.Answer = append(out.Answer, out.Extra[1])
	if out.Extra[0] != first {
		t.Error("appending to the answer section changed the additional section")
	}
}
