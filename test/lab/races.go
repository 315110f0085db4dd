package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// UnderRace is whether the race detector watches this process. Then it watches those of the
// binary, too, in which reloads and SIGTERM happen, and they need several times the memory.
func UnderRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// raceLog begins the names of the files to which processes write what the detector finds.
var raceLog = filepath.Join(os.TempDir(), fmt.Sprintf("holdfast-race-%d.", os.Getpid()))

// reportRaces lets processes that are started from now on write to raceLog, and end as
// they would without.
func reportRaces() error {
	return os.Setenv("GORACE", "exitcode=0 log_path="+strings.TrimSuffix(raceLog, "."))
}

// failRaces fails the test for the races of our own in processes that have ended, of which
// this test, or one beside it, has started each.
func failRaces(t testing.TB) {
	files, _ := filepath.Glob(raceLog + "*")
	for _, file := range files {
		pid, _ := strconv.Atoi(strings.TrimPrefix(file, raceLog))
		if syscall.Kill(pid, 0) == nil {
			continue // it may find more
		}
		races, err := ownRaces(file)
		if err == nil {
			err = os.Remove(file)
		}
		if len(races) > 0 || err != nil && !os.IsNotExist(err) {
			t.Errorf("%s %v", strings.Join(races, "\n"), err)
		}
	}
}

// ownAccess is the access to memory of a race's report if the code is ours; Go's own
// packages, such as a map's, do it for their callers.
var ownAccess = regexp.MustCompile(`(?im)^(?:previous )?(?:atomic )?(?:read|write) at .*\n(?:  [a-z0-9/]+\.[^/\n]*\n.*\n)*  github\.com/holdfastdns/`)

// ownRaces are the reports in a file in which one of the two accesses is ours. CoreDNS has
// races of its own: secondary answers from the zones of a catalog while it replaces them.
func ownRaces(file string) (reports []string, err error) {
	text, err := os.ReadFile(file) // #nosec G304 -- the test's own
	for report := range strings.SplitSeq(string(text), "==================\n") {
		if ownAccess.MatchString(report) {
			reports = append(reports, report)
		}
	}
	return reports, err
}
