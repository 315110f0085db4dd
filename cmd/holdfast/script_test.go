package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/test/lab"
)

// Each script of testdata/script is what somebody types, and what they see. Beside
// testscript's own commands they have:
//
//	code N COMMAND ARGUMENT...  runs a command that exits with N
//	example N 'LINE' [OLD=NEW]...  runs a line of a verb's help, or of a page, in which OLD is replaced
//	fleet N  starts N servers, at $A1 and so on, of which the last may not leave and takes no orders
//	tell N KEY=VALUE...  tells a fake server what to do: serial, beat, does
//	schema NAME  looks at stdout: each line is JSON, of schema/NAME.json
func TestScripts(t *testing.T) {
	examples, shared := newExamples(t), shareWorld(t)
	t.Run("scripts", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Dir:                 "testdata/script",
			RequireExplicitExec: true,
			Deadline:            time.Now().Add(time.Minute), // no verb may hang
			RequireUniqueNames:  true,
			Setup: func(env *testscript.Env) error {
				w := newWorld(t)
				env.Values["world"] = w
				env.Vars = append(env.Vars, append(shared, "PORT="+w.port, "RESOLVER=127.0.0.4:"+w.port,
					"NS1=127.0.0.1:"+w.port, "NS2=127.0.0.2:"+w.port, "NS3=127.0.0.3:"+w.port)...)
				return nil
			},
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"fleet":   startFleet,
				"code":    func(ts *testscript.TestScript, _ bool, args []string) { runs(ts, args[0], args[1:]) },
				"example": examples.run,
				"schema":  matchesSchema,
				"tell":    func(ts *testscript.TestScript, _ bool, args []string) { ts.Value("world").(*world).tell(ts, args) },
			},
		})
	})
	for line, ran := range examples.lines {
		if !ran {
			t.Errorf("no script runs %q, which --help or a page shows", line)
		}
	}
}

// runs runs a command that has to exit with code.
func runs(ts *testscript.TestScript, code string, command []string) {
	want, err := strconv.Atoi(code)
	ts.Check(err)
	got := 0
	err = ts.Exec(command[0], command[1:]...)
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exited.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%q exits with %d, want %d", command, got, want)
	}
}

// examples are the lines that the verbs' help and pages show, and whether a script has run them.
type examples struct {
	sync.Mutex
	lines map[string]bool
}

func newExamples(t *testing.T) *examples {
	e := &examples{lines: make(map[string]bool)}
	var add func(*cobra.Command)
	add = func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			e.lines[strings.TrimSpace(line)] = false
		}
		for _, verb := range c.Commands() {
			add(verb)
		}
	}
	add(cli.Command(verbs))
	for _, block := range slices.Concat(lab.Typed(t, "cmd/holdfast/README.md", 3), lab.Typed(t, "docs/staleness.md", 2)) {
		for line := range strings.Lines(block) {
			if line, _, _ = strings.Cut(line, " #"); strings.Contains(line, "holdfast ") {
				e.lines[strings.TrimSpace(line)] = false
			}
		}
	}
	return e
}

func (e *examples) run(ts *testscript.TestScript, _ bool, args []string) {
	line := args[1]
	e.Lock()
	_, shown := e.lines[line]
	e.lines[line] = true
	e.Unlock()
	if !shown {
		ts.Fatalf("no help and no page shows %q", line)
	}
	for _, pair := range args[2:] {
		from, to, _ := strings.Cut(pair, "=")
		if !strings.Contains(line, from) {
			ts.Fatalf("%q has no %q", line, from)
		}
		line = strings.ReplaceAll(line, from, to)
	}
	typed, _, _ := strings.Cut(line, " > ") // a shell's part
	words := word.FindAllString(typed, -1)
	for i := range words {
		words[i] = strings.Trim(words[i], "'")
	}
	runs(ts, args[0], words)
}

// word is one of a shell's: plain, or in quotes.
var word = regexp.MustCompile(`'[^']*'|\S+`)

func matchesSchema(ts *testscript.TestScript, _ bool, args []string) {
	var schema jsonschema.Schema
	text, err := os.ReadFile(filepath.Join(lab.Root, "cmd/holdfast/schema", args[0]+".json")) // #nosec G304 -- our own
	ts.Check(err)
	ts.Check(json.Unmarshal(text, &schema))
	resolved, err := schema.Resolve(nil)
	ts.Check(err)
	printed := ts.ReadFile("stdout")
	if printed == "" {
		ts.Fatalf("nothing was printed")
	}
	for line := range strings.Lines(printed) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			ts.Fatalf("%q: %v", line, err)
		}
		if err := resolved.Validate(object); err != nil {
			ts.Fatalf("%q: %v", line, err)
		}
	}
}
