package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// What a run of skipped tests is reported as. The run is one of this very file.
func TestWhatIsMissingIsSaidInOneLine(t *testing.T) {
	run := exec.Command("go", "test", "-json", "-count=1", "-run", "^TestThatIsSkipped", ".")
	run.Env = append(os.Environ(), "HOLDFAST_SHALL_SKIP=1", "HOLDFAST_FORBID_SKIP=")
	events, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, events)
	}
	var printed strings.Builder
	line := report(&printed, strings.NewReader(string(events)))
	if want := "3 tests were skipped. For all to run: apt-get install bar foo; run as root\n"; line != want {
		t.Errorf("it says %q, want %q", line, want)
	}
	if !strings.HasPrefix(printed.String(), "ok  \tgithub.com/holdfastdns/holdfast/test\t") || strings.Count(printed.String(), "\n") != 1 {
		t.Errorf("it prints %q, want what go test prints", printed.String())
	}
}

func TestThatIsSkippedForPrograms(t *testing.T) {
	if os.Getenv("HOLDFAST_SHALL_SKIP") == "" {
		return
	}
	for _, debianPackage := range []string{"foo", "bar"} {
		t.Run(debianPackage, func(t *testing.T) { lab.Tool(t, "no-such-program", debianPackage) })
	}
}

func TestThatIsSkippedForPrivileges(t *testing.T) {
	if os.Getenv("HOLDFAST_SHALL_SKIP") != "" {
		lab.SkipWithout(t, "a network namespace", "run as root")
	}
}

// Of a run that fails all is printed that tells why, and nothing of the tests that pass.
func TestFailuresAreTold(t *testing.T) {
	const events = `{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"well\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"    x_test.go:1: why\n"}
{"Action":"fail","Package":"p","Test":"TestBad"}
{"Action":"output","Package":"p","Test":"TestStuck","Output":"panic: test timed out\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t1s\n"}
{"Action":"fail","Package":"p"}
{"ImportPath":"q","Action":"build-output","Output":"q.go:1: undefined: x\n"}
not of JSON
`
	var printed strings.Builder
	if line := report(&printed, strings.NewReader(events)); line != "" {
		t.Errorf("nothing was skipped, and it says %q", line)
	}
	for _, want := range []string{"x_test.go:1: why\n", "panic: test timed out\n", "FAIL\tp\t1s\n", "undefined: x\n", "not of JSON\n"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("it prints %q, without %q", printed.String(), want)
		}
	}
	if strings.Contains(printed.String(), "well") {
		t.Errorf("it prints %q, what has passed too", printed.String())
	}
}
