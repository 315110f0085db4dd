package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"golang.org/x/term"
)

// SchemaVersion is in each JSON object as "schema". It grows when a field goes or changes
// its meaning, and not when one is added.
const SchemaVersion = 1

type format string

const (
	formatText format = "text"
	formatJSON format = "json"
)

// Env is what a verb gets from the command line, and where it prints.
type Env struct {
	Streams
	Timeout time.Duration // for the answer to each question

	format  format
	noColor bool
	nagios  bool
	broken  error // of the first Print that could not write
}

// Result is what a verb prints: an object for encoding/json, and a text.
type Result interface {
	// WriteText writes the text, with colours only through paint.
	WriteText(w io.Writer, paint Paint)
}

// JSON reports whether the output is for a program.
func (e *Env) JSON() bool { return e.format == formatJSON }

// Print prints a result in the format that was asked for. A verb that works in rounds
// prints one result a round: one JSON object a line.
func (e *Env) Print(r Result) {
	var err error
	if e.JSON() {
		err = e.encode(r)
	} else {
		var text strings.Builder
		r.WriteText(&text, e.paint())
		_, err = io.WriteString(e.Out, text.String())
	}
	if err != nil && e.broken == nil {
		e.broken = fmt.Errorf("writing the output: %w", err)
	}
}

// PrintAgain prints a result as Print does, on a terminal in place of what stands there.
func (e *Env) PrintAgain(r Result) {
	if !e.JSON() && e.onTerminal() {
		fmt.Fprint(e.Out, "\x1b[H\x1b[2J") // Print says if it cannot be written
	}
	e.Print(r)
}

func (e *Env) encode(object any) error {
	out := json.NewEncoder(e.Out)
	out.SetEscapeHTML(false) // "6 < 7" is for people, too
	return out.Encode(object)
}

// Notef tells a person something beside the result, on stderr, in one line.
func (e *Env) Notef(format string, args ...any) {
	fmt.Fprintln(e.Err, OneLine(fmt.Sprintf(format, args...)))
}

// Broken returns an error if the output can no longer be written, so that rounds may end.
func (e *Env) Broken() error { return e.broken }

func (e *Env) prepare() error {
	if e.format != formatText && e.format != formatJSON {
		given := e.format
		e.format = formatText
		return Usage("output %q: want text or json", given)
	}
	if e.nagios && e.JSON() {
		return Usage("--nagios has a format of its own: want it without -o json")
	}
	if e.Timeout <= 0 {
		return Usage("timeout %s: want a duration above zero, such as 5s", e.Timeout)
	}
	return nil
}

// Paint colours a text, or leaves it as it is.
type Paint func(Colour, string) string

// Colour says what a text means: good, odd or bad.
type Colour string

// The colours, as SGR parameters. Each stands beside a word or a mark that says the same. All
// are of one length, so that columns stay in line.
const (
	Good  Colour = "32"
	Odd   Colour = "33"
	Bad   Colour = "31"
	Plain Colour = "39"
)

func (e *Env) paint() Paint {
	plain := e.noColor || os.Getenv("NO_COLOR") != "" || !e.onTerminal()
	return func(c Colour, text string) string {
		if plain || text == "" {
			return text
		}
		return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
	}
}

// onTerminal is whether a terminal shows the output that takes more than plain text.
func (e *Env) onTerminal() bool {
	file, ok := e.Out.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd())) // #nosec G115 -- small
}

// Table writes rows as columns, the first row as their heads. In a column with colours each
// cell has to have one, the head's may be Plain: tabwriter counts them as width.
func Table(w io.Writer, rows [][]string) {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t")+"\t") // without the last tab a row that ends early would move those above and below it
	}
	_ = table.Flush() // into memory
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

// Printable makes text that a server sent safe to print: it can neither move the cursor nor add
// a line.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			if r == '\n' || r == '\t' {
				return ' '
			}
			return '?'
		}
		return r
	}, text)
}
