package fleet

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// newFleet makes one view of what was heard at all addresses.
func newFleet(replies map[netip.AddrPort]reply, now time.Time, took time.Duration) *Fleet {
	f := &Fleet{Schema: cli.SchemaVersion, At: now.UTC(), Took: seconds(took), Servers: []Server{}}
	all := members(replies)
	for _, m := range all {
		f.Servers = append(f.Servers, m.server())
	}
	look(all, f.Servers)
	f.sum()
	return f
}

// answers is whether any server does.
func (f *Fleet) answers() bool {
	for _, s := range f.Servers {
		if s.answers() {
			return true
		}
	}
	return false
}

func (s *Server) answers() bool {
	return s.State != Left && s.State != Unreachable && s.State != Unusable
}

// present is how many servers have not left.
func (f *Fleet) present() (n int) {
	for _, s := range f.Servers {
		if s.State != Left {
			n++
		}
	}
	return n
}

// sum counts, and says what is wrong.
func (f *Fleet) sum() {
	var wrong []string
	for i := range f.Servers {
		s := &f.Servers[i]
		if s.InService {
			f.InService++
			if s.MayLeave != nil && (f.MayLeave == nil || *s.MayLeave < *f.MayLeave) {
				f.MayLeave = s.MayLeave
			}
		}
		if what := s.wrong(); what != "" {
			wrong = append(wrong, s.Address+" "+what)
		}
	}
	f.OK = len(wrong) == 0
	f.Verdict = fmt.Sprintf("%d of %d in service", f.InService, f.present())
	if f.MayLeave != nil {
		f.Verdict += fmt.Sprintf(", %d may leave now", *f.MayLeave)
	}
	const most = 3
	if more := len(wrong) - most; more > 0 {
		wrong = append(wrong[:most], fmt.Sprintf("and %d more", more))
	}
	if !f.OK {
		f.Verdict += "; " + strings.Join(wrong, "; ")
	}
}

// wrong is what an operator has to know of a server, or "".
func (s *Server) wrong() string {
	switch {
	case s.State == Left: // in good order, as in each rollout
		return ""
	case s.State == Unusable:
		return "gives no usable answer"
	case s.State == Unreachable && s.Heard != nil && len(s.Heard.By) > 0:
		return "does not answer here, but answers its peers"
	case s.State == Unreachable && s.Heard != nil && s.Heard.Last == "":
		return "has never been heard from"
	case s.State == Unreachable:
		return "is unreachable"
	case !s.InService && s.Override == "leave":
		return "is " + s.State + " by order"
	case s.State == "asking" && s.HoldLeft != nil:
		return fmt.Sprintf("got SIGTERM, but too few peers promise to stay (%s left)", short(*s.HoldLeft))
	case s.State == "asking" && s.InService && !s.Observe:
		return "wants to leave, but stays in service"
	case !s.InService:
		return "is " + s.State
	case len(s.DoesNotHear) > 0:
		return "gets no answer from " + names(s.DoesNotHear)
	case s.Oldest != nil && s.Oldest.Verdict == "stale":
		return "has " + s.Oldest.Name + " stale"
	case len(s.NoPrimary) > 0:
		return "has no primary that answers for " + names(s.NoPrimary)
	case s.KnownPeers > 0 && s.MinPeers > s.KnownPeers:
		return fmt.Sprintf("can never leave: it needs promises from %d peers, but knows only %d", s.MinPeers, s.KnownPeers)
	case s.State != "serving": // it observes
		return "would be " + s.State + " if it were not observing only"
	}
	return ""
}

// names are the first of some, and how many more there are.
func names(all []string) string {
	const most = 3
	if more := len(all) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), more)
	}
	return strings.Join(all, ", ")
}
