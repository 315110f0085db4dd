package stalecheck

import (
	"slices"

	"github.com/coredns/coredns/plugin/pkg/edns"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// action is what is done to an answer.
type action int

const (
	flag action = iota
	answerServfail
	answerRefused
	markUnserved // the SERVFAIL of a backend that does not serve the zone
	actions
)

var actionNames = [actions]string{"flag", "servfail", "refuse", "unserved"}

// act decides what is done to the answers of the zone, where the Corefile asks for
// configured. An answer is held back only if somebody else can give a newer one now.
func act(v *verdict.Verdict, configured action) action {
	if v.Status == verdict.Stale && v.NewerElsewhere {
		return configured
	}
	return flag
}

// marks reports whether answers of the zone are other than they would be without us.
func marks(v *verdict.Verdict) bool { return v.Status == verdict.Stale || v.Service != verdict.Served }

// remark is what a reply is marked with.
type remark struct {
	action action
	code   uint16 // of the Extended DNS Error (RFC 8914 section 4)
	text   string // EXTRA-TEXT
}

// maxText is what EXTRA-TEXT may take of a message that others need.
const maxText = 64

// remarkOn returns what m, a reply of the zone, is to be marked with, if with anything. A
// failure that is not the zone's stays as it is.
func remarkOn(m *dns.Msg, v *verdict.Verdict) (remark, bool) {
	rm := remark{text: v.Text[:min(len(v.Text), maxText)]}
	switch {
	case m.Rcode == dns.RcodeServerFailure && len(m.Answer) == 0:
		switch v.Service {
		case verdict.Served:
			return rm, false
		case verdict.NotLoaded:
			rm.code, rm.text = dns.ExtendedErrorCodeNotReady, "zone is not loaded yet"
		default:
			rm.code = dns.ExtendedErrorCodeInvalidData
			if v.Status != verdict.Stale {
				rm.text = "zone is no longer served"
			}
		}
		rm.action = markUnserved
	case v.Status != verdict.Stale:
		return rm, false
	case m.Rcode == dns.RcodeNameError:
		rm.code = dns.ExtendedErrorCodeStaleNXDOMAINAnswer
	case m.Rcode == dns.RcodeSuccess, len(m.Answer) > 0: // an alias whose target failed
		rm.code = dns.ExtendedErrorCodeStaleAnswer
	default:
		return rm, false
	}
	return rm, true
}

// copied is a reply that may be written to, with room for what most need.
type copied struct {
	dns.Msg
	opt     dns.OPT
	ede     dns.EDNS0_EDE
	options [2]dns.EDNS0
	rrs     [6]dns.RR
	used    int   // of rrs
	a       dns.A // the answer of most: one address
}

// newCopy returns a message that shares m's records. What is appended to its sections
// stays out of m's.
func newCopy(m *dns.Msg) *copied {
	c := &copied{Msg: *m}
	c.Answer, c.Ns, c.Extra = slices.Clip(m.Answer), slices.Clip(m.Ns), slices.Clip(m.Extra)
	return c
}

// list returns a copy of section that may be written to, with room for more records.
func (c *copied) list(section []dns.RR, more int) []dns.RR {
	n := len(section) + more
	if n > len(c.rrs)-c.used {
		return append(make([]dns.RR, 0, n), section...)
	}
	rrs := c.rrs[c.used : c.used : c.used+n]
	c.used += n
	return append(rrs, section...)
}

// capTTLs lowers TTLs above ttl. Backends answer with pointers into their own data, so a
// record that changes is a copy. OPT's TTL holds flags.
func (c *copied) capTTLs(ttl uint32) {
	for _, section := range [...]*[]dns.RR{&c.Answer, &c.Ns, &c.Extra} {
		ours := false
		for i, rr := range *section {
			if rr == nil || rr.Header().Ttl <= ttl || rr.Header().Rrtype == dns.TypeOPT {
				continue
			}
			if !ours {
				*section, ours = c.list(*section, 0), true
			}
			if a, ok := rr.(*dns.A); ok && len(*section) == 1 && section == &c.Answer {
				c.a = *a // but for the header it is not written to
				(*section)[i] = &c.a
			} else {
				(*section)[i] = copyRR(rr)
			}
			(*section)[i].Header().Ttl = ttl
		}
	}
}

func copyRR(rr dns.RR) dns.RR {
	if header, ok := rr.(*dns.RR_Header); ok { // as a plugin may make one without RDATA; dns.Copy makes it nil
		changed := *header
		return &changed
	}
	return dns.Copy(rr)
}

// explain adds the Extended DNS Error to the reply to a query with the OPT record asked,
// if the message then fits into size octets; if it does not, the error without its text;
// if that does not either, nothing. An error with this code is not repeated.
func (c *copied) explain(rm remark, asked *dns.OPT, size int) {
	before := c.Extra
	at := slices.IndexFunc(before, func(rr dns.RR) bool { _, ok := rr.(*dns.OPT); return ok })
	if at < 0 {
		c.opt = dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}, Option: supported(asked.Option)}
		c.Extra = append(c.list(before, 1), &c.opt)
	} else {
		c.opt = *before[at].(*dns.OPT)
		c.Extra = c.list(before, 0)
		c.Extra[at] = &c.opt
	}
	for _, o := range c.opt.Option {
		if ede, ok := o.(*dns.EDNS0_EDE); ok && ede.InfoCode == rm.code {
			c.Extra = before
			return
		}
	}
	const option = 4 + 2 // OPTION-CODE, OPTION-LENGTH and INFO-CODE
	switch room := c.room(size, option+len(rm.text)); {
	case room < option:
		c.Extra = before
		return
	case room < option+len(rm.text):
		rm.text = ""
	}
	c.ede = dns.EDNS0_EDE{InfoCode: rm.code, ExtraText: rm.text}
	c.opt.Option = append(append(c.options[:0], c.opt.Option...), &c.ede)
}

// room returns how many of size octets the message leaves. As the server does
// (dns.Msg.Truncate), it is compressed only if it leaves less than enough.
func (c *copied) room(size, enough int) int {
	compress := c.Compress
	defer func() { c.Compress = compress }()
	c.Compress = false
	if room := size - c.Len(); room >= enough {
		return room
	}
	c.Compress = true
	return size - c.Len()
}

// supported returns those of a query's options that the server copies into a reply that
// has no OPT record yet (request.SizeAndDo): now it has one.
func supported(options []dns.EDNS0) []dns.EDNS0 {
	var copied []dns.EDNS0
	for _, o := range options {
		if edns.SupportedOption(o.Option()) {
			copied = append(copied, o)
		}
	}
	return copied
}
