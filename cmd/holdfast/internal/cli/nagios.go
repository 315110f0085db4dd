package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"
)

// NagiosStatus is an exit code of a monitoring plugin.
type NagiosStatus int

// The codes, from good to bad but for the last.
const (
	NagiosOK NagiosStatus = iota
	NagiosWarning
	NagiosCritical
	NagiosUnknown
)

var nagiosNames = []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// AddNagios gives a verb --nagios.
func (e *Env) AddNagios(flags *pflag.FlagSet) {
	flags.BoolVar(&e.nagios, "nagios", false, "one line and the exit codes of a monitoring plugin: 0 ok, 1 warning, 2 critical, 3 unknown")
}

// Nagios reports whether --nagios was given.
func (e *Env) Nagios() bool { return e.nagios }

// PrintNagios prints a monitoring plugin's line and returns its exit code.
func (e *Env) PrintNagios(status NagiosStatus, text string) error {
	if _, err := fmt.Fprintf(e.Out, "DNS %s - %s\n", nagiosNames[status], OneLine(text)); err != nil {
		return err
	}
	if status == NagiosOK {
		return nil
	}
	return Exit(status)
}

// wantsNagios looks among arguments that cobra has yet to read, or refuses.
func wantsNagios(args []string) bool { return slices.Contains(args, "--nagios") }
