package ttlfloor

import "github.com/miekg/dns"

// raise returns the message that leaves in m's place and why it differs. It is m
// itself if nothing changes; m and its records are never written to.
func (t *TTLFloor) raise(m *dns.Msg) (*dns.Msg, Reason) {
	if !isLookup(m) || (m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError) {
		return m, 0
	}
	negative := isNegative(m)
	ttl, alike := t.look(m, negative)
	if !alike {
		return t.raiseSets(m, negative)
	}
	if t.policy.keeps(ttl, t.policy.Floor) {
		return m, 0
	}
	ttl, why := t.policy.TTL(ttl, NewDraw(t.draw()))
	if why == 0 {
		return m, 0
	}
	if lone := raiseLone(m, ttl); lone != nil {
		return lone, why
	}
	var s rrsets
	s.makeOne(ttl)
	return s.rewrite(t, m, negative), why
}

// raiseSets is raise for a message whose RRsets may leave with different TTLs.
func (t *TTLFloor) raiseSets(m *dns.Msg, negative bool) (*dns.Msg, Reason) {
	var s rrsets
	if !t.addDNAMEs(&s, m.Answer) {
		return m, 0
	}
	t.collect(&s, m, negative)
	draw := NewDraw(t.draw()) // one for all RRsets of the message
	var reasons Reason
	for i := range s.n {
		reasons |= s.at(i).decide(&t.policy, draw)
	}
	return s.rewrite(t, m, negative), reasons
}

// isNegative reports whether m denies the name or the type that was asked for
// (RFC 2308 section 2). CNAMEs that lead to the denial may precede it.
func isNegative(m *dns.Msg) bool {
	if m.Rcode == dns.RcodeNameError {
		return true
	}
	qtype := m.Question[0].Qtype
	for _, rr := range m.Answer {
		if rr != nil && (qtype == dns.TypeANY || qtype == rr.Header().Rrtype) {
			return false
		}
	}
	return true
}

// look is the quick look at what most replies are: records that all came with one TTL,
// without a denial, a signature or a DNAME among them. They leave with one TTL too,
// whatever RRsets they are.
func (t *TTLFloor) look(m *dns.Msg, negative bool) (ttl uint32, alike bool) {
	for _, section := range [...][]dns.RR{m.Answer, m.Extra} {
		for _, rr := range section {
			if rr == nil {
				continue
			}
			h := rr.Header()
			if h.Rrtype == dns.TypeDNAME { // also one that types leaves out
				return 0, false
			}
			if t.rrsetType(rr, false, negative) == notOurs {
				continue
			}
			if h.Rrtype == dns.TypeRRSIG || (alike && h.Ttl != ttl) {
				return 0, false
			}
			alike, ttl = true, h.Ttl
		}
	}
	for _, rr := range m.Ns {
		if rr != nil && (rr.Header().Rrtype == dns.TypeRRSIG || t.rrsetType(rr, true, negative) != notOurs) {
			return 0, false
		}
	}
	return ttl, alike
}

// collect sorts the records that may change into their RRsets.
func (t *TTLFloor) collect(s *rrsets, m *dns.Msg, negative bool) {
	for i, section := range [...][]dns.RR{m.Answer, m.Extra, m.Ns} {
		authority := i == 2
		for _, rr := range section {
			set := t.setOf(s, rr, authority, negative)
			if set == nil {
				continue
			}
			set.negative = authority // the last section to be read
			set.add(rr)
		}
	}
	t.limit(s, m)
}

// setOf returns the RRset that rr belongs to, or nil if rr leaves as it came.
func (t *TTLFloor) setOf(s *rrsets, rr dns.RR, authority, negative bool) *rrset {
	if !authority {
		if set := s.madeFrom(rr); set != nil && set.stays {
			return nil
		} else if set != nil {
			return set
		}
	}
	rrtype := t.rrsetType(rr, authority, negative)
	if rrtype == notOurs {
		return nil
	}
	h := rr.Header()
	if set := s.find(h.Name, rrtype, h.Class); set != nil {
		return set
	}
	return s.add(h.Name, rrtype, h.Class)
}

// limit reads the signatures, wherever in the message they are: one in the authority
// section limits what it covers, though it may stay itself.
func (t *TTLFloor) limit(s *rrsets, m *dns.Msg) {
	var now uint32
	for _, section := range [...][]dns.RR{m.Answer, m.Extra, m.Ns} {
		for _, rr := range section {
			sig, ok := rr.(*dns.RRSIG)
			if !ok {
				continue
			}
			if now == 0 {
				now = uint32(t.now().Unix()) // #nosec G115 -- RFC 1982 arithmetic
			}
			set := s.madeFrom(sig)
			if set == nil {
				set = s.find(sig.Hdr.Name, sig.TypeCovered, sig.Hdr.Class)
			}
			if set != nil {
				set.sign(sig, now)
			}
		}
	}
}

// notOurs is the type that rrsetType gives to records that leave as they came.
const notOurs = dns.TypeNone

// rrsetType returns the type of the RRset to which rr belongs, or notOurs. An RRSIG
// belongs to the RRset that it covers.
func (t *TTLFloor) rrsetType(rr dns.RR, authority, negative bool) uint16 {
	if rr == nil {
		return notOurs
	}
	h := rr.Header()
	rrtype := h.Rrtype
	if rrtype == dns.TypeRRSIG {
		sig, ok := rr.(*dns.RRSIG)
		if !ok {
			return notOurs // a header alone does not say what it covers
		}
		rrtype = sig.TypeCovered
	}
	if neverRaised(rrtype) || h.Class == dns.ClassANY || h.Class == dns.ClassNONE {
		return notOurs
	}
	if authority && !(negative && rrtype == dns.TypeSOA) {
		return notOurs
	}
	if t.types != nil {
		if _, ok := t.types[rrtype]; !ok {
			return notOurs
		}
	}
	return rrtype
}

// neverRaised are the types whose TTL field holds something else (OPT), that are or
// carry a signature over the message (TSIG, SIG(0), TKEY), that stand in questions
// only (RFC 6895 section 3.1), and NS and DS: a delegation's TTL is its owner's.
func neverRaised(rrtype uint16) bool {
	switch rrtype {
	case dns.TypeOPT, dns.TypeSIG, dns.TypeRRSIG, dns.TypeNS, dns.TypeDS:
		return true
	}
	return rrtype >= 128 && rrtype <= 255
}
