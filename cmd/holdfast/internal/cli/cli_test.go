package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// verb is one that does what a test wants.
func verb(run func(*Env) error) Verb {
	return func(env *Env) *cobra.Command {
		return &cobra.Command{Use: "try", RunE: func(*cobra.Command, []string) error { return run(env) }}
	}
}

// runs runs the verb and returns what it printed and its exit code.
func runs(t *testing.T, out io.Writer, run func(*Env) error, flags ...string) (errs string, code int) {
	t.Helper()
	var said bytes.Buffer
	code = Run(t.Context(), Streams{strings.NewReader(""), out, &said}, append([]string{"try"}, flags...), []Verb{verb(run)})
	return said.String(), code
}

type greeting struct {
	Text string `json:"text"`
}

func (g greeting) WriteText(w io.Writer, paint Paint) { fmt.Fprintln(w, paint(Good, g.Text)) }

func TestExitCodesTellAFindingFromNoAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want int
		said string
	}{
		"fine":          {nil, 0, ""},
		"a finding":     {Finding, 1, ""},
		"one of Nagios": {fmt.Errorf("%w", Exit(3)), 3, ""},
		"nobody to ask": {errors.New("nobody answers"), 2, "holdfast try: nobody answers\n"},
		"usage":         {Usage("%d is odd", 3), 2, "holdfast try: 3 is odd (holdfast try --help)\n"},
	} {
		var out bytes.Buffer
		said, code := runs(t, &out, func(env *Env) error { env.Print(greeting{"hello"}); return tc.err })
		if code != tc.want || said != tc.said || out.String() != "hello\n" {
			t.Errorf("%s: %d, %q, %q", name, code, said, &out)
		}
	}
}

// What a server sent may be in an error.
func TestAnErrorIsOneLine(t *testing.T) {
	bad := errors.New("it says\n\x1b[2J\u202e" + strings.Repeat("é", 1000))
	said, _ := runs(t, io.Discard, func(*Env) error { return bad })
	if strings.Count(said, "\n") != 1 || strings.ContainsAny(said, "\x1b\u202e") || len(said) > 600 || !strings.HasPrefix(said, "holdfast try: it says ?[2J?éé") {
		t.Errorf("%q", said)
	}
}

func TestAPanicIsOneLineToo(t *testing.T) {
	const want = "internal error, please report it: runtime error: index out of range [3] with length 0"
	panics := func() error { return fmt.Errorf("%d", []int{}[len("abc")]) }
	for name, run := range map[string]func(*Env) error{
		"of the verb":    func(*Env) error { return panics() },
		"of a goroutine": func(*Env) error { return Guard(panics) },
	} {
		said, code := runs(t, io.Discard, run)
		if code != 2 || !strings.HasSuffix(said, ": "+want+"\n") || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: %d, %q", name, code, said)
		}
		var out bytes.Buffer
		said, _ = runs(t, &out, run, "-o", "json")
		if said != "" || out.String() != `{"schema":1,"error":"`+want+`"}`+"\n" {
			t.Errorf("%s: %q, %q", name, &out, said)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	said, code := runs(t, full{}, func(env *Env) error { env.Print(greeting{"hello"}); return nil })
	if code != 2 || said != "holdfast try: writing the output: no space left on device\n" {
		t.Errorf("%d, %q", code, said)
	}
}
