package ttlfloor

import (
	"slices"

	"github.com/miekg/dns"
)

// reply is a message with room for what a small one needs, so that it costs one
// allocation.
type reply struct {
	dns.Msg
	rrs  [4]dns.RR
	used int // of rrs
}

// newReply returns m's shell. What is appended to its sections stays out of m's.
func newReply(m *dns.Msg) *reply {
	r := &reply{Msg: *m}
	r.Answer, r.Ns, r.Extra = slices.Clip(m.Answer), slices.Clip(m.Ns), slices.Clip(m.Extra)
	return r
}

// raiseLone returns m with another TTL for its only answer if that is an address, and nothing
// else of m may change. Most replies are such. It returns nil for others.
func raiseLone(m *dns.Msg, ttl uint32) *dns.Msg {
	if len(m.Answer) != 1 || slices.ContainsFunc(m.Extra, isNotOPT) {
		return nil
	}
	switch rr := m.Answer[0].(type) {
	case *dns.A:
		return newLone(m, rr, ttl)
	case *dns.AAAA:
		return newLone(m, rr, ttl)
	}
	return nil
}

func isNotOPT(rr dns.RR) bool { _, ok := rr.(*dns.OPT); return !ok }

// newLone returns m with a copy of its only answer, in one allocation of just the size.
func newLone[T any, P interface {
	*T
	dns.RR
}](m *dns.Msg, rr P, ttl uint32) *dns.Msg {
	lone := &struct {
		dns.Msg
		answer [1]dns.RR
		rr     T
	}{Msg: *m, rr: *rr}
	copied := P(&lone.rr)
	copied.Header().Ttl = ttl
	lone.answer[0] = copied
	lone.Answer, lone.Ns, lone.Extra = lone.answer[:], slices.Clip(m.Ns), slices.Clip(m.Extra)
	return &lone.Msg
}

// list returns a copy of section that may be written to.
func (r *reply) list(section []dns.RR) []dns.RR {
	n := len(section)
	if n > len(r.rrs)-r.used {
		return slices.Clone(section)
	}
	rrs := r.rrs[r.used : r.used+n : r.used+n]
	r.used += n
	copy(rrs, section)
	return rrs
}

// rewrite returns m as decided: a new message that shares with m every record that
// stays, or m if all do. Backends answer with pointers into their own data, and
// cache and other queries hold the same message: nothing of it may change.
func (s *rrsets) rewrite(t *TTLFloor, m *dns.Msg, negative bool) *dns.Msg {
	var out *reply
	for i, section := range [...][]dns.RR{m.Answer, m.Ns, m.Extra} {
		var rrs []dns.RR // section, once a record of it changes
		var copies slabs
		for j, rr := range section {
			set := t.setOf(s, rr, i == 1, negative)
			if set == nil || !set.changes(rr) {
				continue
			}
			if out == nil {
				out = newReply(m)
			}
			if rrs == nil {
				rrs = out.list(section)
				*[...]*[]dns.RR{&out.Answer, &out.Ns, &out.Extra}[i] = rrs
			}
			rrs[j] = copies.copy(rr, len(section)-j)
			set.apply(rrs[j])
		}
	}
	if out == nil {
		return m
	}
	return &out.Msg
}

// slabs hold the copies of a section's records, those of one type in one
// allocation. The copies are shallow: only the header and MINIMUM are written to.
type slabs struct {
	a     []dns.A
	aaaa  []dns.AAAA
	cname []dns.CNAME
	ptr   []dns.PTR
	rrsig []dns.RRSIG
	srv   []dns.SRV
	soa   []dns.SOA
	txt   []dns.TXT
}

// copy returns a copy of rr; room is for how many records a new slab is made.
func (s *slabs) copy(rr dns.RR, room int) dns.RR {
	switch rr := rr.(type) {
	case *dns.A:
		return put(&s.a, rr, room)
	case *dns.AAAA:
		return put(&s.aaaa, rr, room)
	case *dns.CNAME:
		return put(&s.cname, rr, room)
	case *dns.PTR:
		return put(&s.ptr, rr, room)
	case *dns.RRSIG:
		return put(&s.rrsig, rr, room)
	case *dns.SRV:
		return put(&s.srv, rr, room)
	case *dns.SOA:
		return put(&s.soa, rr, room)
	case *dns.TXT:
		return put(&s.txt, rr, room)
	case *dns.RR_Header: // as a plugin may make one without RDATA; dns.Copy makes it nil
		header := *rr
		return &header
	}
	return dns.Copy(rr)
}

func put[T any](slab *[]T, record *T, room int) *T {
	if *slab == nil {
		*slab = make([]T, 0, room)
	}
	*slab = append(*slab, *record)
	return &(*slab)[len(*slab)-1]
}
