package fleet

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/internal/span"
)

// WriteText writes the table, who does not hear or know whom, and the verdict.
func (f *Fleet) WriteText(w io.Writer, paint cli.Paint) {
	rows := [][]string{{paint(cli.Plain, " "), "SERVER", "NAME", "STATE", "SINCE", "FAILING", "PROMISES", "HEARS", "OLDEST ZONE", "VERSION", "WHY"}}
	for i := range f.Servers {
		s := &f.Servers[i]
		rows = append(rows, []string{paint(s.mark()), cli.OneLine(s.Address), cmp.Or(s.Name, "-"), s.State, s.age(), s.failing(), s.promises(), f.hears(s), s.Oldest.String(),
			cmp.Or(s.Holdfast, "-"), s.why()})
	}
	cli.Table(w, rows)
	for _, line := range f.sights() {
		fmt.Fprintln(w, cli.Printable(line))
	}
	colour := cli.Bad
	if f.OK {
		colour = cli.Good
	}
	fmt.Fprintf(w, "%s %s\n", f.At.Local().Format(time.TimeOnly), paint(colour, cli.Printable(f.Verdict)))
}

// mark is a colour and a sign for what a server is.
func (s *Server) mark() (cli.Colour, string) {
	switch {
	case s.State == Left:
		return cli.Plain, "-"
	case s.wrong() == "":
		return cli.Good, "√"
	case s.InService:
		return cli.Odd, "‼"
	}
	return cli.Bad, "×"
}

func (s *Server) age() string {
	if s.For == nil {
		return "-"
	}
	return short(*s.For)
}

func (s *Server) failing() string {
	var all []string
	for _, c := range s.Failing {
		all = append(all, c.Name)
	}
	return cmp.Or(names(all), "-")
}

func (s *Server) promises() string {
	var all []string
	if s.Given > 0 {
		all = append(all, fmt.Sprintf("%d given", s.Given))
	}
	if s.Held > 0 {
		all = append(all, fmt.Sprintf("%d held", s.Held))
	}
	return cmp.Or(strings.Join(all, ", "), "-")
}

func (f *Fleet) hears(s *Server) string {
	if !s.answers() {
		return "-"
	}
	return fmt.Sprintf("%d/%d", s.Hears, f.present()-1)
}

func (z *Zone) String() string {
	switch {
	case z == nil:
		return "-"
	case z.Age == nil:
		return z.Name + " " + z.Verdict
	case z.Verdict == "fresh":
		return z.Name + " " + short(*z.Age)
	}
	return z.Name + " " + z.Verdict + " " + short(*z.Age)
}

// why is all that there is to say of a server's state.
func (s *Server) why() string {
	var all []string
	if s.HoldLeft != nil {
		all = append(all, short(*s.HoldLeft)+" left")
	}
	if s.Observe {
		all = append(all, "observing only")
	}
	if s.State != Left {
		all = append(all, s.Why)
	}
	if z := s.Oldest; s.Why == "" || z != nil && z.Verdict == "stale" && !strings.Contains(s.Why, z.said()) {
		all = append(all, zoneWhy(z))
	}
	all = append(all, s.Unread)
	if s.Heard != nil {
		all = append(all, s.Heard.String())
	} else if !s.answers() {
		all = append(all, "no server that answers knows it")
	}
	all = slices.DeleteFunc(all, func(text string) bool { return text == "" })
	return strings.Join(all, "; ")
}

func zoneWhy(z *Zone) string {
	if z == nil || z.Why == "" || z.Verdict == "fresh" {
		return ""
	}
	return z.said() + ": " + z.Why
}

// said is how a zone's verdict is said, also in the reason of a server that wants to leave for it:
// there with the age of when that was checked.
func (z *Zone) said() string { return z.Name + " is " + z.Verdict }

func (h *Heard) String() string {
	switch {
	case len(h.By) > 0:
		return fmt.Sprintf("answers %d of %d servers that know it: %s", len(h.By), h.Knows, h.State)
	case h.Last == "":
		return "its peers have never heard from it"
	case h.State == "leaving":
		return fmt.Sprintf("said %s ago that it was leaving", short(h.Ago))
	}
	text := fmt.Sprintf("last heard %s ago by %s: it was %s", short(h.Ago), h.Last, h.State)
	if h.Why != "" {
		text += ", " + h.Why
	}
	return text
}

// sights are lines about who does not hear or know whom.
func (f *Fleet) sights() (lines []string) {
	const most = 10
	for i := range f.Servers {
		if s := &f.Servers[i]; len(s.DoesNotHear) > 0 {
			lines = append(lines, fmt.Sprintf("%s gets no answer from %s", s.Address, names(s.DoesNotHear)))
		}
	}
	for i := range f.Servers {
		if s := &f.Servers[i]; len(s.DoesNotKnow) > 0 {
			lines = append(lines, fmt.Sprintf("%s does not have %s among its peers", s.Address, names(s.DoesNotKnow)))
		}
	}
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %d more lines like these: see -o json", more))
	}
	return lines
}

// short writes seconds as people say them.
func short(s float64) string { return span.Short(time.Duration(s * float64(time.Second))) }
