package stalecheck

import (
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

// actionFor decides what is done to the zone's answers if the Corefile says configured. They
// are held back only while another server can give newer ones.
func actionFor(v *verdict.Verdict, configured action) action {
	if v.Status == verdict.Stale && v.NewerElsewhere {
		return configured
	}
	return flag
}

// needsMark reports whether the zone's answers cannot just pass.
func needsMark(v *verdict.Verdict) bool {
	return v.Status == verdict.Stale || v.Service != verdict.Served
}

// mark is what a reply is marked with.
type mark struct {
	action action
	code   uint16 // of the Extended DNS Error (RFC 8914 section 4)
	text   string // its EXTRA-TEXT
}

// shortText is the verdict's text in at most 64 octets: the message has better use for more.
func shortText(v *verdict.Verdict) string { return v.Text[:min(len(v.Text), 64)] }

// markFor returns the mark for m, a reply of the zone, if it gets one. A failure that is not
// the zone's stays as it is.
func markFor(m *dns.Msg, v *verdict.Verdict) (mark, bool) {
	mark := mark{text: shortText(v)}
	switch {
	case m.Rcode == dns.RcodeServerFailure && len(m.Answer) == 0:
		switch v.Service {
		case verdict.Served:
			return mark, false
		case verdict.NotLoaded:
			mark.code, mark.text = dns.ExtendedErrorCodeNotReady, "zone is not loaded yet"
		default:
			mark.code = dns.ExtendedErrorCodeInvalidData
			if v.Status != verdict.Stale {
				mark.text = "zone is no longer served"
			}
		}
		mark.action = markUnserved
	case v.Status != verdict.Stale:
		return mark, false
	case m.Rcode == dns.RcodeNameError:
		mark.code = dns.ExtendedErrorCodeStaleNXDOMAINAnswer
	case m.Rcode == dns.RcodeSuccess, len(m.Answer) > 0: // an alias whose target failed
		mark.code = dns.ExtendedErrorCodeStaleAnswer
	default:
		return mark, false
	}
	return mark, true
}
