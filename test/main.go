// Test runs the tests of Holdfast as go test does, whose arguments it takes, and says at
// the end which of them were skipped for want of a program: go test itself says so with -v
// alone.
//
//	go run ./test
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"./..."}
	}
	test := exec.Command("go", append([]string{"test", "-json"}, args...)...) // #nosec G204 -- go test itself
	// Tests that are skipped read this, so that what go test knows of them is not kept.
	test.Env = append(os.Environ(), fmt.Sprintf("HOLDFAST_RUN=%d", os.Getpid()))
	test.Stderr = os.Stderr
	events, err := test.StdoutPipe()
	if err == nil {
		err = test.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	skipped := report(os.Stdout, events)
	err = test.Wait()
	fmt.Print(skipped)
	if err != nil {
		os.Exit(1)
	}
}

// event is one of go doc test2json.
type event struct{ Action, Package, Test, Output string }

// missing is what lab.SkipWithout says, with the cure.
var missing = regexp.MustCompile(` is missing: (?:apt-get install (.*)|(.*))\n`)

// report prints of a test's events what go test prints, and returns the line that says
// what was skipped, if anything was.
func report(w io.Writer, events io.Reader) string {
	printed := make(map[event][]string) // by package and test
	skips, packages, others := 0, make(map[string]bool), make(map[string]bool)
	for lines := bufio.NewReader(events); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		var e event
		if json.Unmarshal([]byte(line), &e) != nil {
			fmt.Fprint(w, line)
			continue
		}
		of := event{Package: e.Package, Test: e.Test}
		switch {
		case e.Action == "output":
			printed[of] = append(printed[of], e.Output)
		case e.Action == "build-output":
			fmt.Fprint(w, e.Output)
		case e.Action == "fail" && e.Test == "": // what is left is of tests that have not passed
			for test, all := range printed {
				if test.Package == e.Package && test != of {
					fmt.Fprint(w, strings.Join(all, ""))
				}
			}
			fmt.Fprint(w, strings.Join(printed[of], ""))
		case e.Test == "" && (e.Action == "pass" || e.Action == "skip"):
			fmt.Fprint(w, printed[of][len(printed[of])-1]) // ok and the time, or that there are no tests
		case e.Action == "skip":
			if m := missing.FindStringSubmatch(strings.Join(printed[of], "")); m != nil {
				skips, packages[m[1]], others[m[2]] = skips+1, true, true
			}
			delete(printed, of)
		case e.Action == "pass":
			delete(printed, of)
		}
	}
	delete(packages, "")
	delete(others, "")
	cures := slices.Sorted(maps.Keys(others))
	if len(packages) > 0 {
		cures = slices.Insert(cures, 0, "apt-get install "+strings.Join(slices.Sorted(maps.Keys(packages)), " "))
	}
	if skips == 0 {
		return ""
	}
	return fmt.Sprintf("%d tests were skipped. For all to run: %s\n", skips, strings.Join(cures, "; "))
}
