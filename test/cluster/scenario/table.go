package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/audience"
)

// line tells of one outcome, all that was counted.
func (o outcome) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-9s %s (%s): ", o.side, o.scene, o.took.Round(time.Second))
	for _, ports := range []string{newPorts, samePorts} {
		c := o.counts[ports]
		fmt.Fprintf(&b, "%s: %s; ", ports, count(c))
	}
	fmt.Fprintf(&b, "servers: %s; at least %d ready, %d answering", o.left, o.ready, o.serve)
	for _, n := range o.notes {
		b.WriteString("; " + n)
	}
	return b.String()
}

func count(c audience.Count) string {
	s := fmt.Sprintf("%d of %d unanswered", c.Unanswered, c.Asked)
	if c.Unanswered > 0 {
		s += fmt.Sprintf(" %v, none answered for up to %s", c.Why, c.Gap.Round(10*time.Millisecond))
	}
	for _, rcode := range slices.Sorted(maps.Keys(c.Rcode)) {
		if rcode != "NOERROR" {
			s += fmt.Sprintf(", %d %s", c.Rcode[rcode], rcode)
		}
	}
	if c.Stale > 0 {
		s += fmt.Sprintf(", %d say that they are old", c.Stale)
	}
	return s
}

// table has a row for each scene, and stock beside Holdfast.
func table(all []outcome) string {
	var b strings.Builder
	b.WriteString("| what happens | stock: unanswered | from the same ports | servers | Holdfast: unanswered | from the same ports | servers |\n|---|--:|--:|---|--:|--:|---|\n")
	type row struct{ cells [2][3]string }
	var (
		rows  = make(map[string]*row)
		order []string
	)
	for _, s := range scenes {
		byside := map[side][]outcome{}
		for _, o := range all {
			if o.scene == s.name {
				byside[o.side] = append(byside[o.side], o)
			}
		}
		times := max(len(byside[stock]), len(byside[holdfast]))
		for i := range times {
			r := new(row)
			for n, who := range []side{stock, holdfast} {
				r.cells[n] = [3]string{"–", "–", "–"}
				if i < len(byside[who]) {
					o := byside[who][i]
					r.cells[n] = [3]string{cell(o.counts[newPorts]), cell(o.counts[samePorts]), strings.Join(append([]string{fmt.Sprintf("%s; %d to %s", o.left, o.serve, o.took.Round(time.Second))}, o.notes...), "; ")}
				}
			}
			name := s.name
			if i > 0 {
				name = fmt.Sprintf("%s (%d)", s.name, i+1)
			}
			rows[name], order = r, append(order, name)
		}
	}
	for _, name := range order {
		r := rows[name]
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.Join(r.cells[0][:], " | "), strings.Join(r.cells[1][:], " | "))
	}
	return b.String()
}

func cell(c audience.Count) string {
	s := fmt.Sprintf("%d of %d", c.Unanswered, c.Asked)
	if c.Gap > 0 {
		s += fmt.Sprintf(", %s long", c.Gap.Round(10*time.Millisecond))
	}
	if c.Stale > 0 {
		s += fmt.Sprintf(", %d marked", c.Stale)
	}
	return s
}
