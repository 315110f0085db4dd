package stalecheck

import (
	"slices"

	"github.com/coredns/coredns/plugin/pkg/edns"

	"github.com/miekg/dns"
)

// reply is a copy of a message, to be marked. What most replies need for that is part of it,
// so that it takes one allocation.
type reply struct {
	dns.Msg
	opt     dns.OPT
	ede     dns.EDNS0_EDE
	options [2]dns.EDNS0
	rrs     [6]dns.RR
	used    int   // of rrs
	a       dns.A // most answers have one address
}

// copyReply returns a copy that shares m's records. What is appended to its sections stays
// out of m's.
func copyReply(m *dns.Msg) *reply {
	r := &reply{Msg: *m}
	r.Answer, r.Ns, r.Extra = slices.Clip(m.Answer), slices.Clip(m.Ns), slices.Clip(m.Extra)
	return r
}

// writable returns a copy of section, with room for so many records more.
func (r *reply) writable(section []dns.RR, more int) []dns.RR {
	n := len(section) + more
	if n > len(r.rrs)-r.used {
		return append(make([]dns.RR, 0, n), section...)
	}
	rrs := r.rrs[r.used : r.used : r.used+n]
	r.used += n
	return append(rrs, section...)
}

// capTTLs lowers the TTLs above ttl. Backends answer with pointers into their own data, so it
// copies each record that it changes. The TTL of OPT holds flags.
func (r *reply) capTTLs(ttl uint32) {
	for _, section := range [...]*[]dns.RR{&r.Answer, &r.Ns, &r.Extra} {
		ours := false
		for i, rr := range *section {
			if rr == nil || rr.Header().Ttl <= ttl || rr.Header().Rrtype == dns.TypeOPT {
				continue
			}
			if !ours {
				*section, ours = r.writable(*section, 0), true
			}
			if a, ok := rr.(*dns.A); ok && len(*section) == 1 && section == &r.Answer {
				r.a = *a // only its header is written to
				(*section)[i] = &r.a
			} else {
				(*section)[i] = copyRR(rr)
			}
			(*section)[i].Header().Ttl = ttl
		}
	}
}

func copyRR(rr dns.RR) dns.RR {
	if header, ok := rr.(*dns.RR_Header); ok { // a plugin may make one without RDATA, and dns.Copy returns nil
		changed := *header
		return &changed
	}
	return dns.Copy(rr)
}

// addEDE adds the Extended DNS Error to the reply, for a query with the OPT record queryOPT.
// If the message would not fit into size octets, it adds the error without its text; if it
// still would not, nothing. An error with this code is not repeated.
func (r *reply) addEDE(mark mark, queryOPT *dns.OPT, size int) {
	before := r.Extra
	at := slices.IndexFunc(before, func(rr dns.RR) bool { _, ok := rr.(*dns.OPT); return ok })
	if at < 0 {
		r.opt = dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}, Option: supported(queryOPT.Option)}
		r.Extra = append(r.writable(before, 1), &r.opt)
	} else {
		r.opt = *before[at].(*dns.OPT)
		r.Extra = r.writable(before, 0)
		r.Extra[at] = &r.opt
	}
	for _, o := range r.opt.Option {
		if ede, ok := o.(*dns.EDNS0_EDE); ok && ede.InfoCode == mark.code {
			r.Extra = before
			return
		}
	}
	const option = 4 + 2 // OPTION-CODE, OPTION-LENGTH and INFO-CODE
	switch room := r.room(size, option+len(mark.text)); {
	case room < option:
		r.Extra = before
		return
	case room < option+len(mark.text):
		mark.text = ""
	}
	r.ede = dns.EDNS0_EDE{InfoCode: mark.code, ExtraText: mark.text}
	r.opt.Option = append(append(r.options[:0], r.opt.Option...), &r.ede)
}

// room returns how many of size octets the message leaves. Like the server
// (dns.Msg.Truncate), it compresses the message only if that leaves less than enough.
func (r *reply) room(size, enough int) int {
	compress := r.Compress
	defer func() { r.Compress = compress }()
	r.Compress = false
	if room := size - r.Len(); room >= enough {
		return room
	}
	r.Compress = true
	return size - r.Len()
}

// supported returns the options of a query that the server copies into a reply without an
// OPT record (request.SizeAndDo): with ours it would not.
func supported(options []dns.EDNS0) []dns.EDNS0 {
	var copied []dns.EDNS0
	for _, o := range options {
		if edns.SupportedOption(o.Option()) {
			copied = append(copied, o)
		}
	}
	return copied
}
