package doctor

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
)

// Report is what doctor prints.
type Report struct {
	Schema  int            `json:"schema" jsonschema:"version of this schema"`
	Fine    bool           `json:"fine" jsonschema:"whether there are no findings"`
	Servers []string       `json:"servers" jsonschema:"what was judged"`
	Checks  []check.Result `json:"checks" jsonschema:"the checks that applied to something"`
	Notes   []string       `json:"notes,omitempty" jsonschema:"what could not be judged, and why"`
	Ignored map[string]int `json:"ignored,omitempty" jsonschema:"how many objects of other kinds the manifests have, by version and kind"`
}

var marks = map[check.Level]struct {
	mark   string
	colour cli.Colour
}{check.Fine: {"√", cli.Good}, check.Warning: {"‼", cli.Odd}, check.Wrong: {"×", cli.Bad}}

// WriteText writes sections of checks, the mark first, and the verdict last.
func (r *Report) WriteText(w io.Writer, paint cli.Paint) {
	section := ""
	for _, c := range r.Checks {
		if c.Section != section {
			section = c.Section
			fmt.Fprintf(w, "%s\n%s\n", section, strings.Repeat("-", len(section)))
		}
		m := marks[c.Result]
		fmt.Fprintf(w, "%s %s\n", paint(m.colour, m.mark), c.Title)
		for _, f := range c.Findings {
			text := f.Reason
			if f.Server != "" {
				text = f.Server + ": " + text
			}
			fmt.Fprintf(w, "    %s\n", cli.Printable(text))
		}
		if len(c.Findings) > 0 {
			fmt.Fprintf(w, "    see %s\n", c.See)
		}
		if i := slices.IndexFunc(r.Checks, func(other check.Result) bool { return other.ID == c.ID }); i+1 == len(r.Checks) || r.Checks[i+1].Section != section {
			fmt.Fprintln(w)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "not judged: %s\n", cli.Printable(note))
	}
	if len(r.Ignored) > 0 {
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(r.Ignored)) {
			kinds = append(kinds, fmt.Sprintf("%d of %s", r.Ignored[kind], kind))
		}
		fmt.Fprintf(w, "ignored: %s\n", cli.Printable(strings.Join(kinds, ", ")))
	}
	fmt.Fprintln(w, r.verdict(paint))
}

func (r *Report) verdict(paint cli.Paint) string {
	of := cli.Printable(strings.Join(r.Servers, ", "))
	if len(r.Servers) > 3 {
		of = check.Count(len(r.Servers), "server")
	}
	worst := check.Fine
	for _, c := range r.Checks {
		if c.Result == check.Wrong || c.Result == check.Warning && worst == check.Fine {
			worst = c.Result
		}
	}
	m := marks[worst]
	if len(r.Checks) == 0 {
		return fmt.Sprintf("%s no check applies to %s", paint(m.colour, m.mark), of)
	}
	found := "no findings"
	if n := r.findings(); n > 0 {
		found = check.Count(n, "finding")
	}
	return fmt.Sprintf("%s %s in %s of %s", paint(m.colour, m.mark), found, check.Count(len(r.Checks), "check"), of)
}
