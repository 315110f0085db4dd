package probe

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// rank orders states from good to bad.
var rank = map[State]int{Fresh: 0, Unknown: 1, Behind: 2, Stale: 3, Down: 4}

// sum counts, and says what the round has shown: the worst first.
func (r *Round) sum() {
	r.Fresh = 0
	bad := slices.Clone(r.Servers)
	bad = slices.DeleteFunc(bad, func(s Server) bool { return s.State == Fresh })
	r.Fresh = len(r.Servers) - len(bad)
	slices.SortStableFunc(bad, func(a, b Server) int {
		return cmp.Or(rank[b.State]-rank[a.State], cmp.Compare(b.Lag, a.Lag))
	})
	r.Verdict = fmt.Sprintf("%s: %d of %d fresh", r.Zone, r.Fresh, len(r.Servers))
	const most = 3
	for i, s := range bad {
		if i == most {
			r.Verdict += fmt.Sprintf("; and %d more", len(bad)-most)
			break
		}
		r.Verdict += fmt.Sprintf("; %s %s is %s", s.label(), s.Transport, s.State)
		if s.Lag > 0 {
			r.Verdict += fmt.Sprintf(", %s behind", short(s.Lag))
		}
	}
	if r.Write != nil && r.Write.Error != "" {
		r.Verdict += "; the heartbeat could not be written: " + r.Write.Error
	}
}

// OK reports whether all is fine.
func (r *Round) OK() bool {
	return r.Fresh == len(r.Servers) && (r.Write == nil || r.Write.Error == "")
}

func (s *Server) label() string {
	if s.Name == "" {
		return s.Address
	}
	return s.Name + " (" + s.Address + ")"
}

var marks = map[State]struct {
	mark   string
	colour cli.Colour
}{Fresh: {"√", cli.Good}, Unknown: {"‼", cli.Odd}, Behind: {"‼", cli.Odd}, Stale: {"×", cli.Bad}, Down: {"×", cli.Bad}}

// WriteText writes the table and the verdict.
func (r *Round) WriteText(w io.Writer, paint cli.Paint) {
	rows := [][]string{{paint(cli.Plain, " "), "SERVER", "OVER", "STATE", "LAG", "AGE", "SERIAL", "RTT", "LOST", "NSID", "WHY"}}
	for _, s := range r.Servers {
		m := marks[s.State]
		rows = append(rows, []string{paint(m.colour, m.mark), s.label(), s.Transport, string(s.State), short(s.Lag), age(s.Age),
			serial(s.Serial), rtt(s.Latency), fmt.Sprintf("%d/%d", s.Lost, s.Sent), cmp.Or(s.NSID, "-"), s.Why})
	}
	cli.Table(w, rows)
	colour := cli.Bad
	if r.OK() {
		colour = cli.Good
	}
	fmt.Fprintf(w, "%s %s\n", r.At.Local().Format(time.TimeOnly), paint(colour, r.Verdict))
}

// short writes seconds as people say them.
func short(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d < time.Minute {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	text := d.Truncate(time.Second).String()
	if d >= time.Hour {
		text = d.Truncate(time.Minute).String()
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}

func age(s *float64) string {
	if s == nil {
		return "-"
	}
	return short(*s)
}

func serial(s *uint32) string {
	if s == nil {
		return "-"
	}
	return strconv.FormatUint(uint64(*s), 10)
}

func rtt(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.1fms", *s*1000)
}
