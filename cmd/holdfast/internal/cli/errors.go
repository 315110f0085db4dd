package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Finding is what a verb returns when it has printed that something is wrong.
var Finding = Exit(exitFinding)

// Exit is the exit code of a verb that has already printed everything.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usage is an error of whoever called the command.
type usage struct{ error }

// Usage is an error in how a verb was called. It is printed with a hint at the verb's help.
func Usage(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// codeOf is the exit code of an error about which nothing is left to print.
func codeOf(err error) (code int, ok bool) {
	if err == nil {
		return exitFine, true
	}
	if exit, ok := errors.AsType[Exit](err); ok {
		return int(exit), true
	}
	return 0, false
}

// Failure is what -o json prints instead of a result.
type Failure struct {
	Schema int    `json:"schema" jsonschema:"version of this schema"`
	Error  string `json:"error" jsonschema:"why there is no result, in one line"`
}

// fail prints why there is no result: one line on stderr, or one JSON object on stdout.
func (e *Env) fail(path string, err error) int {
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	said := OneLine(err.Error())
	if e.nagios {
		_ = e.PrintNagios(NagiosUnknown, said)
		return int(NagiosUnknown)
	}
	if e.format == formatJSON {
		_ = e.encode(Failure{SchemaVersion, said}) // nobody is left to tell
		return exitNoAnswer
	}
	if path == "" {
		path = "holdfast"
	}
	hint := ""
	if isUsage(err) {
		hint = fmt.Sprintf(" (%s --help)", path)
	}
	fmt.Fprintf(e.Err, "%s: %s%s\n", path, said, hint)
	return exitNoAnswer
}

// isUsage also knows what cobra and pflag say of flags and arguments.
func isUsage(err error) bool {
	if _, ok := errors.AsType[usage](err); ok {
		return true
	}
	for _, begin := range []string{"unknown flag", "unknown shorthand flag", "flag needs an argument", "invalid argument", "bad flag syntax", "required flag"} {
		if strings.HasPrefix(err.Error(), begin) {
			return true
		}
	}
	return false
}

// OneLine keeps what others have written, such as a server, from being more than a line or
// from moving the cursor.
func OneLine(text string) string {
	const most = 500
	if len(text) <= most && isPlain(text) { // of each of a large fleet's names
		return text
	}
	line := strings.Join(strings.Fields(Printable(text)), " ")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "..."
	}
	return line
}

// isPlain is whether text is one line of ASCII with single spaces.
func isPlain(text string) bool {
	before := byte(' ')
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == ' ' && before == ' ' {
			return false
		}
		before = text[i]
	}
	return text == "" || before != ' '
}
