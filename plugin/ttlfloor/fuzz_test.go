package ttlfloor

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/test"

	"github.com/miekg/dns"
)

// keeper is a writer that keeps the message it was given.
type keeper struct {
	test.ResponseWriter
	m *dns.Msg
}

func (k *keeper) WriteMsg(m *dns.Msg) error { k.m = m; return nil }

// FuzzWriter sends arbitrary wire messages through the writer. What comes out packs
// if the input did, differs in TTLs and MINIMUM only, and the input is as it was.
func FuzzWriter(f *testing.F) {
	for _, shape := range shapes(f) {
		wire, err := shape.reply.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire, uint64(1))
	}
	signed := message(f, "a.example.org. A", "a.example.org. 2 IN A 10.0.0.1", sig("a.example.org.", 2, "A", 4, epoch.Add(time.Hour)),
		"additional: a.example.org. 2 IN AAAA ::1", "authority: example.org. 1 IN NS a.example.org.")
	signed.Answer = append(signed.Answer, message(f, "x.d.example.org. A", "d.example.org. 2 IN DNAME e.example.org.", sig("d.example.org.", 2, "DNAME", 2, epoch.Add(time.Hour)),
		"x.d.example.org. 2 IN CNAME x.e.example.org.", sig("x.d.example.org.", 2, "CNAME", 3, epoch.Add(time.Hour))).Answer...)
	signed.SetEdns0(1232, true)
	signed.SetTsig("key.", dns.HmacSHA256, 300, epoch.Unix())
	wire, err := signed.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wire, uint64(1<<63))

	floors := []*TTLFloor{
		newFloor(f, "ttlfloor 10s {\n spread 10% 50%\n}"),
		newFloor(f, "ttlfloor 10s {\n spread -50% 0%\n types A AAAA SOA\n}"),
		newFloor(f, "ttlfloor 10s {\n types CNAME DNAME\n}"),
		newFloor(f, "ttlfloor 10s {\n types CNAME\n}"),
		newFloor(f, "ttlfloor 10s"),
	}
	f.Fuzz(func(t *testing.T, wire []byte, bits uint64) {
		m := new(dns.Msg)
		if m.Unpack(wire) != nil {
			return
		}
		before, packErr := m.Pack()
		text := m.String()
		for _, floor := range floors {
			floor.now = func() time.Time { return epoch }
			floor.draw = func() uint64 { return bits }
			kept := new(keeper)
			w := &responseWriter{ResponseWriter: kept, floor: floor, ctx: t.Context(), zone: floor.zones[0]}
			if err := w.WriteMsg(m); err != nil {
				t.Fatal(err)
			}
			if m.String() != text {
				t.Fatalf("the input was changed from\n%s\nto\n%s", text, m)
			}
			after, err := kept.m.Pack()
			if (err == nil) != (packErr == nil) {
				t.Fatalf("packing the output: %v, the input: %v", err, packErr)
			}
			if packErr != nil {
				continue
			}
			if len(after) != len(before) {
				t.Fatalf("the wire has %d octets, had %d", len(after), len(before))
			}
			if got, want := withoutTTLs(kept.m), withoutTTLs(m); got != want {
				t.Fatalf("more than TTLs differ: from\n%s\nto\n%s", want, got)
			}
			checkTTLs(t, floor, m, kept.m)
		}
		if again, err := m.Pack(); packErr == nil && (err != nil || !bytes.Equal(again, before)) {
			t.Fatalf("the input packs differently: %v", err)
		}
	})
}

// checkTTLs holds the output to the rules that need no knowledge of how it was made:
// what is not ours stays; an RRset has one TTL; a signature bounds what is raised; and
// what no signature bounds is at the floor or above.
func checkTTLs(t *testing.T, floor *TTLFloor, in, out *dns.Msg) {
	t.Helper()
	if out == in {
		return
	}
	negative := isNegative(in)
	one := make(map[rrsetKey]uint32)
	sections := [][]dns.RR{out.Answer, out.Extra, out.Ns}
	for i, came := range [][]dns.RR{in.Answer, in.Extra, in.Ns} {
		for j, rr := range sections[i] {
			h := rr.Header()
			rrtype := floor.rrsetType(rr, i == 2, negative)
			maker := makerOf(in, rr)
			if maker != nil && i < 2 {
				rrtype = floor.rrsetType(maker, false, negative)
			}
			if rrtype == notOurs {
				if rr != came[j] {
					t.Fatalf("%v was not ours to change", rr)
				}
				continue
			}
			key := rrsetKey{h.Name, rrtype, h.Class}.folded()
			if maker != nil {
				key.name = strings.ToLower(maker.Hdr.Name)
			}
			if ttl, ok := one[key]; ok && ttl != h.Ttl {
				t.Fatalf("%v has TTL %d, its RRset %d, in\n%s", rr, h.Ttl, ttl, out)
			}
			one[key] = h.Ttl
			limit, signed := signedLimit(in, key)
			if signed && h.Ttl > max(came[j].Header().Ttl, limit) {
				t.Fatalf("%v was raised above %d, which its signature allows, in\n%s", rr, limit, out)
			}
			if least := min(floor.policy.Floor, floor.policy.Negative); !signed && h.Ttl < least {
				t.Fatalf("%v is below the floor of %d in\n%s", rr, least, out)
			}
		}
	}
}

// makerOf returns the DNAME in m's answer from which rr, a CNAME or a signature of one, was made:
// the one with the longest name above it.
func makerOf(m *dns.Msg, rr dns.RR) (maker *dns.DNAME) {
	sig, signature := rr.(*dns.RRSIG)
	if rr.Header().Rrtype != dns.TypeCNAME && !(signature && sig.TypeCovered == dns.TypeCNAME) {
		return nil
	}
	for _, other := range m.Answer {
		d, ok := other.(*dns.DNAME)
		if ok && d.Hdr.Class == rr.Header().Class && dns.IsSubDomain(d.Hdr.Name, rr.Header().Name) && !strings.EqualFold(d.Hdr.Name, rr.Header().Name) &&
			(maker == nil || len(d.Hdr.Name) > len(maker.Hdr.Name)) {
			maker = d
		}
	}
	return maker
}

// signedLimit is the smallest of the original TTLs and of the seconds to expiration of
// the signatures in m that cover an RRset.
func signedLimit(m *dns.Msg, key rrsetKey) (limit uint32, signed bool) {
	limit = maxTTL
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		for _, rr := range section {
			sig, ok := rr.(*dns.RRSIG)
			if !ok {
				continue
			}
			covered := rrsetKey{sig.Hdr.Name, sig.TypeCovered, sig.Hdr.Class}
			if maker := makerOf(m, sig); maker != nil {
				covered.name, covered.rrtype = maker.Hdr.Name, dns.TypeDNAME
			}
			if covered.folded() != key {
				continue
			}
			left := max(0, int32(sig.Expiration-uint32(epoch.Unix())))
			limit, signed = min(limit, sig.OrigTtl, uint32(left)), true
		}
	}
	return limit, signed
}
