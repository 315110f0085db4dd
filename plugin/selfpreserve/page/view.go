package page

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/internal/span"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// How a thing is: a class of the style sheet. A word stands beside each colour.
const (
	good = "good"
	odd  = "odd"
	bad  = "bad"
	none = "none"
)

// view is what the page shows, in words.
type view struct {
	Name, Title string
	Look        string // of the banner
	Banner      string
	Notes       []string
	At          stamp
	Servers     []row
	Checks      []row
	Zones       []row
	Changes     []row
	Facts       []fact
}

// row is one of a table. Which fields are used is the table's matter.
type row struct {
	Look, Name, More, State, For, Why, Heard string
	At                                       stamp
}

type fact struct{ Name, Value string }

// stamp is a time: for people, and for programs.
type stamp struct{ Text, ISO string }

func stampOf(t time.Time) stamp {
	return stamp{t.UTC().Format("2006-01-02 15:04:05"), t.UTC().Format(time.RFC3339)}
}

func viewOf(s wire.Status, now time.Time) view {
	v := view{Name: s.Name, At: stampOf(now)}
	var worry bool
	v.Look, v.Banner = banner(s, now)
	if v.Notes, worry = notes(s); worry && v.Look == good {
		v.Look = odd
	}
	v.Title = s.Name + ": " + s.State.String()
	since := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return span.Short(now.Sub(*t))
	}
	v.Servers = append(v.Servers, row{Look: lookOf(s.State.String(), s.InService), Name: cmp.Or(s.Name, "this server"), More: "this server", State: s.State.String(), For: since(&s.Since), Why: s.Reason})
	for _, p := range s.Peers {
		r := row{Look: lookOf(p.State, p.State == "serving" || p.State == "asking"), Name: cmp.Or(p.Name, p.Address), State: p.State, Heard: "never"}
		if p.Name != "" {
			r.More = p.Address
		}
		if p.LastSeen != nil {
			r.Heard = since(p.LastSeen) + " ago"
		}
		if p.Says != nil {
			r.Why = p.Says.Reason
			if p.Says.State.String() == p.State {
				r.For = since(p.Says.Since)
			} else if p.State != "left" {
				r.Why = strings.TrimSuffix("it last said that it was "+p.Says.State.String()+": "+r.Why, ": ")
			}
		}
		v.Servers = append(v.Servers, r)
	}
	for _, c := range s.Checks {
		r := row{Look: good, Name: c.Name, State: "passes", For: since(&c.Since), Why: c.Reason}
		if !c.OK {
			r.Look, r.State = bad, "fails"
		}
		v.Checks = append(v.Checks, r)
	}
	for _, z := range s.Zones {
		r := row{Look: map[string]string{"fresh": good, "stale": bad}[z.Verdict], Name: z.Name, State: z.Verdict, For: "unknown", More: seconds(z.MaxAge), Why: z.Reason}
		r.Look = cmp.Or(r.Look, odd)
		if z.Age != nil {
			r.For = seconds(*z.Age)
		}
		v.Zones = append(v.Zones, r)
	}
	for _, c := range s.Changes {
		v.Changes = append(v.Changes, row{At: stampOf(c.Time), Name: c.What, Why: c.Why})
	}
	v.Facts = facts(s)
	return v
}

func seconds(s float64) string { return span.Short(time.Duration(s * float64(time.Second))) }

// lookOf is the look of a server's state.
func lookOf(state string, inService bool) string {
	switch {
	case state == "serving":
		return good
	case state == "left", state == "unheard", state == "starting":
		return none
	case inService:
		return odd
	}
	return bad
}

// banner is the server in one sentence.
func banner(s wire.Status, now time.Time) (look, text string) {
	leave := fmt.Sprintf("%d may leave now.", s.MayLeave)
	if s.Observe {
		text = "Observing only. "
	}
	switch {
	case s.State == promise.Serving && s.Override != nil && s.Override.Kind == "stay":
		return good, text + "In service, by order: " + s.Override.Reason + ". " + leave
	case s.State == promise.Serving:
		return good, text + "In service. " + leave
	case s.State == promise.Asking && s.HoldDeadline != nil:
		return odd, text + fmt.Sprintf("PRESERVED: wants to leave (%s), but must stay. It leaves in %s at the latest.", s.Reason, span.Short(s.HoldDeadline.Sub(now)))
	case s.State == promise.Asking && s.Observe:
		return odd, text + "In service; it would be held: " + s.Reason + "."
	case s.State == promise.Asking:
		return odd, "PRESERVED: wants to leave (" + s.Reason + "), but must stay."
	case s.State == promise.Aside && s.InService:
		return odd, text + "In service; it would step aside: " + s.Reason + "."
	case s.State == promise.Aside:
		return bad, text + "ASIDE: out of service (" + s.Reason + ")."
	case s.State == promise.Leaving:
		return bad, text + "LEAVING: on its way out."
	case s.Reason != "":
		return none, text + "STARTING: not in service yet: " + s.Reason + "."
	}
	return none, text + "STARTING: not in service yet."
}

// notes are what else somebody should see at once, and whether it is to worry about.
func notes(s wire.Status) (all []string, worry bool) {
	if s.Override != nil {
		all = append(all, fmt.Sprintf("An operator ordered %s: %s", s.Override.Kind, s.Override.Reason))
	}
	var silent []string
	heard := 0
	for _, p := range s.Peers {
		switch p.State {
		case "unreachable":
			silent = append(silent, cmp.Or(p.Name, p.Address))
		case "left", "unheard":
		default:
			heard++
		}
	}
	switch {
	case len(silent) > 0 && heard == 0:
		all = append(all, fmt.Sprintf("No answer from any peer (0 of %d). It may be cut off, so it stays in service.", len(silent)))
	case len(silent) > 0:
		all = append(all, "No answer from "+strings.Join(silent, ", ")+".")
	case len(s.Peers) == 0:
		all = append(all, "It has found no peers.")
	}
	worry = len(silent) > 0
	for _, z := range s.Zones {
		if z.Verdict == "stale" {
			worry = true
			all = append(all, strings.TrimSuffix(fmt.Sprintf("Zone %s is stale: %s", z.Name, z.Reason), ": "))
		}
	}
	return all, worry
}

func facts(s wire.Status) []fact {
	all := []fact{
		{"Peers that must promise", fmt.Sprintf("%d of %d known", s.MinPeers, s.KnownPeers)},
		{"Promises in force", fmt.Sprintf("%d given, %d held", s.Promises.Given, s.Promises.Held)},
	}
	if s.Capacity != nil && s.Load != nil {
		all = append(all, fact{"Load", fmt.Sprintf("%d of %d queries a second", *s.Load, *s.Capacity)})
	}
	return append(all, fact{"Version", "Holdfast " + s.Holdfast + ", CoreDNS " + s.Version}, fact{"Process", string(s.ID)})
}
