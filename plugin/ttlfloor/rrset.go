package ttlfloor

import (
	"math"
	"strings"

	"github.com/miekg/dns"
)

// rrset is what the records of one RRset have in common: how they came and, once
// decided, how they leave. Signatures that cover it belong to it.
type rrset struct {
	rrsetKey
	negative bool // it is the SOA of a negative answer
	signed   bool
	stays    bool // it leaves as it came, and so does what is made from it

	ttl     uint32 // the smallest that came (RFC 2181 section 5.2)
	minimum uint32 // the smallest MINIMUM of a SOA
	limit   uint32 // the least that a signature allows

	newTTL     uint32
	newMinimum uint32 // MINIMUM becomes at least this
}

type rrsetKey struct {
	name          string
	rrtype, class uint16
}

// add takes in a record that came. The TTL of a signature counts as those of the
// records do: a validator keeps neither for longer (RFC 4035 section 5.3.3).
func (set *rrset) add(rr dns.RR) {
	ttl := rr.Header().Ttl
	if ttl > maxTTL {
		ttl = 0 // RFC 2181 section 8
	}
	set.ttl = min(set.ttl, ttl)
	if soa, ok := rr.(*dns.SOA); ok {
		set.minimum = min(set.minimum, soa.Minttl)
	}
}

// sign takes in what a signature allows: its original TTL, and the seconds from now to
// its expiration. Both times are serial numbers (RFC 4034 section 3.1.5).
func (set *rrset) sign(sig *dns.RRSIG, now uint32) {
	left := max(0, int32(sig.Expiration-now)) // #nosec G115 -- RFC 1982 arithmetic
	set.signed = true
	set.limit = min(set.limit, sig.OrigTtl, uint32(left))
}

// decide sets how the RRset leaves and says why that is not how it came.
func (set *rrset) decide(p *Policy, d Draw) Reason {
	if set.stays {
		return 0
	}
	if set.negative {
		return set.decideNegative(p, d)
	}
	if set.signed && set.rrtype == dns.TypeDNAME {
		p = &Policy{Floor: p.Floor, Zero: p.Zero} // see dname.go
	}
	ttl, why := p.TTL(set.ttl, d)
	set.newTTL = set.allowed(ttl)
	if set.newTTL == set.ttl {
		return 0
	}
	return why
}

// decideNegative changes what a client goes by, the smaller of the SOA's TTL and
// MINIMUM (RFC 2308 section 5). A signature lets the TTL move, but not MINIMUM.
func (set *rrset) decideNegative(p *Policy, d Draw) Reason {
	came := min(set.ttl, set.minimum)
	ttl, why := p.NegativeTTL(came, d)
	set.newTTL = set.ttl
	if ttl < came {
		set.newTTL = ttl
	} else if ttl > set.ttl {
		set.newTTL = set.allowed(ttl)
	}
	raiseMinimum := ttl > set.minimum && !set.signed
	if raiseMinimum {
		set.newMinimum = ttl
	}
	if set.newTTL == set.ttl && !raiseMinimum {
		return 0
	}
	return why
}

// allowed returns wanted, but not more than a signature lets a validator keep the
// RRset (RFC 4035 section 5.3.3), and never less for it than came.
func (set *rrset) allowed(wanted uint32) uint32 {
	return min(wanted, max(set.ttl, set.limit))
}

// changes reports whether rr, one of the RRset's records, leaves different.
func (set *rrset) changes(rr dns.RR) bool {
	if rr.Header().Ttl != set.newTTL {
		return true
	}
	soa, ok := rr.(*dns.SOA)
	return ok && soa.Minttl < set.newMinimum
}

// apply makes copied, the copy of a record that changes, leave as decided.
func (set *rrset) apply(copied dns.RR) {
	copied.Header().Ttl = set.newTTL
	if soa, ok := copied.(*dns.SOA); ok {
		soa.Minttl = max(soa.Minttl, set.newMinimum)
	}
}

// rrsets are the RRsets of one message that may change. A few are found by looking
// along the list; a message of many gets an index, so that nobody can send us one
// that makes us compare every record with every other.
type rrsets struct {
	few    [4]rrset
	more   []rrset
	n      int
	one    bool // all records are taken for one RRset
	dnames int  // so many of the first are DNAMEs, from which CNAMEs may be made
	index  map[rrsetKey]int
}

const indexFrom = 32

func (s *rrsets) at(i int) *rrset {
	if i < len(s.few) {
		return &s.few[i]
	}
	return &s.more[i-len(s.few)]
}

// makeOne takes all records for one RRset, which leaves with ttl.
func (s *rrsets) makeOne(ttl uint32) {
	s.n, s.one = 1, true
	s.few[0].newTTL = ttl
}

// find returns the RRset, or nil.
func (s *rrsets) find(name string, rrtype, class uint16) *rrset {
	if s.one {
		return &s.few[0]
	}
	if s.index != nil {
		if i, ok := s.index[rrsetKey{strings.ToLower(name), rrtype, class}]; ok {
			return s.at(i)
		}
		return nil
	}
	// Backwards: a record mostly belongs to the RRset of the one before it.
	for i := s.n - 1; i >= 0; i-- {
		set := s.at(i)
		if set.rrtype == rrtype && set.class == class && (set.name == name || strings.EqualFold(set.name, name)) {
			return set
		}
	}
	return nil
}

func (s *rrsets) add(name string, rrtype, class uint16) *rrset {
	if s.n >= len(s.few) {
		s.more = append(s.more, rrset{})
	}
	set := s.at(s.n)
	set.rrsetKey = rrsetKey{name, rrtype, class}
	set.ttl, set.minimum, set.limit = math.MaxUint32, math.MaxUint32, math.MaxUint32
	s.n++
	if s.n == indexFrom {
		s.index = make(map[rrsetKey]int)
		for i := range s.n {
			s.index[s.at(i).folded()] = i
		}
	} else if s.n > indexFrom {
		s.index[set.folded()] = s.n - 1
	}
	return set
}

func (k rrsetKey) folded() rrsetKey {
	k.name = strings.ToLower(k.name)
	return k
}
