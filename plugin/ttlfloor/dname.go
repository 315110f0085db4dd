package ttlfloor

import "github.com/miekg/dns"

// A server that answers from a DNAME makes a CNAME of the name that was asked for, with the
// DNAME's TTL and without a signature: RFC 6672 section 3.1. A validator that still has the
// CNAME when the DNAME has gone can prove nothing, and Unbound then answers SERVFAIL. So such
// a CNAME belongs to the DNAME's RRset: it leaves with the TTL that the DNAME leaves with, and
// what the DNAME's signature allows limits both. Nothing else lies below a DNAME (section 2.4):
// a CNAME there was made from it, whatever signed it since.
//
// A signed DNAME gets the floor, and neither jitter nor spread. A validator that asks for two
// names below it at once keeps the DNAME of one reply and the CNAMEs of both: with TTLs drawn
// apart, one CNAME would outlive the DNAME. An unsigned one needs no proof.

// maxDNAMEs bounds what a hostile reply costs. Resolvers give up on a longer chain: Unbound after
// 11 names, BIND after 11 or 16, *file* after 10. A reply with more DNAMEs leaves as it came.
const maxDNAMEs = 16

// addDNAMEs makes the answer's DNAMEs the first RRsets of s, and reports whether they are few
// enough to go on. They may stand behind what is made from them: *loadbalance* sends CNAMEs first.
func (t *TTLFloor) addDNAMEs(s *rrsets, answer []dns.RR) bool {
	for _, rr := range answer {
		if rr == nil || rr.Header().Rrtype != dns.TypeDNAME {
			continue
		}
		h := rr.Header()
		if s.find(h.Name, dns.TypeDNAME, h.Class) != nil {
			continue
		}
		if s.n == maxDNAMEs {
			return false
		}
		set := s.add(h.Name, dns.TypeDNAME, h.Class)
		set.stays = t.rrsetType(rr, false, false) == notOurs
		s.dnames = s.n
	}
	return true
}

// madeFrom returns the RRset of the DNAME from which rr, a CNAME or a signature of one, was
// made, or nil. The nearest counts, if there is more than one.
func (s *rrsets) madeFrom(rr dns.RR) *rrset {
	if s.dnames == 0 || rr == nil {
		return nil
	}
	h := rr.Header()
	rrtype := h.Rrtype
	if sig, ok := rr.(*dns.RRSIG); ok {
		rrtype = sig.TypeCovered
	}
	if rrtype != dns.TypeCNAME {
		return nil
	}
	var nearest *rrset
	for i := range s.dnames {
		set := s.at(i)
		if set.class == h.Class && len(h.Name) > len(set.name) && isIn(h.Name, set.name) && (nearest == nil || len(set.name) > len(nearest.name)) {
			nearest = set
		}
	}
	return nearest
}
