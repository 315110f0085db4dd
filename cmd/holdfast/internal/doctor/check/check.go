// Package check is what doctor knows: each check of a server's Corefile, of the workload
// that runs it, and of what running servers say. It is pure: typed input and a time in,
// results out. docs/doctor.md has a section for each check.
//
// table.go lists the checks; the other files have one section each.
package check

import (
	"fmt"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/corefile"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/manifest"
)

// Input is everything that is to be judged.
type Input struct {
	Servers []Server
	Odd     []string // as of manifest.Objects
	Live    *Live    // nil if no server was asked
	Now     time.Time
}

// Server is a configured server. What is nil is not known, and not judged.
type Server struct {
	Name         string // that a finding begins with
	Corefile     *corefile.Config
	Workload     *manifest.Server
	Objects      *manifest.Objects // among which the workload is
	Certificates []Certificate     // that the Corefile names
}

// Certificate is one that a server shows to others.
type Certificate struct {
	Of                  string // its file, or an address
	NotBefore, NotAfter time.Time
}

// Level is how bad a finding is.
type Level string

// Levels: what is wrong loses answers in an ordinary rollout, drain or restart, or will; a
// warning is of what loses them once something else fails too.
const (
	Wrong   Level = "error"
	Warning Level = "warning"
	Fine    Level = "ok"
)

// Check is a check. Exactly one of its functions is set. Each reports whether there is
// anything that the check applies to, and says what it finds.
type Check struct {
	ID      string // and the anchor of its section in docs/doctor.md
	Section string
	Title   string // what is so if it finds nothing
	Level   Level

	server func(*Server, sayer) bool
	live   func(*Live, sayer) bool
	all    func(*Input, sayer) bool
}

// sayer takes a finding.
type sayer func(format string, args ...any)

// Finding is something that a check has found.
type Finding struct {
	Server string `json:"server,omitempty" jsonschema:"the server that it is about"`
	Reason string `json:"reason" jsonschema:"what is wrong, in one line"`
}

// Result is the result of a check that applied to something.
type Result struct {
	ID       string    `json:"id" jsonschema:"stable name of the check"`
	Section  string    `json:"section"`
	Title    string    `json:"title" jsonschema:"what is so if result is ok"`
	Result   Level     `json:"result" jsonschema:"ok, warning or error"`
	See      string    `json:"see" jsonschema:"what it means, and how to fix it"`
	Findings []Finding `json:"findings"`
}

// manual is where the sections of the checks are.
const manual = "https://github.com/holdfastdns/holdfast/blob/main/docs/doctor.md#"

// Run runs the checks that are wanted, in the order of Checks. One that applies to nothing
// has no result.
func Run(in *Input, wanted func(id string) bool) []Result {
	results := []Result{}
	for _, c := range Checks {
		if !wanted(c.ID) {
			continue
		}
		if r := c.run(in); r != nil {
			results = append(results, *r)
		}
	}
	return results
}

func (c *Check) run(in *Input) *Result {
	r := &Result{ID: c.ID, Section: c.Section, Title: c.Title, Result: Fine, See: manual + c.ID, Findings: []Finding{}}
	say := func(server string) sayer {
		return func(format string, args ...any) {
			r.Result = c.Level
			r.Findings = append(r.Findings, Finding{server, fmt.Sprintf(format, args...)})
		}
	}
	applies := false
	switch {
	case c.server != nil:
		for i := range in.Servers {
			applies = c.server(&in.Servers[i], say(in.Servers[i].Name)) || applies
		}
	case c.live != nil:
		applies = in.Live != nil && c.live(in.Live, say(""))
	default:
		applies = c.all(in, say(""))
	}
	if !applies {
		return nil
	}
	return r
}

// Count is a number of things: "1 check", "2 checks".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
