package test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// underRace is whether the race detector watches this process. Then it shall watch those
// of the binary, too, in which reloads and SIGTERM happen.
func underRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// raceDir is where processes of the binary write what the race detector finds, if it
// watches.
var raceDir string

// reportRaces lets processes that are started from now on write to raceDir, and end as
// they would without.
func reportRaces() (err error) {
	if raceDir, err = os.MkdirTemp("", "holdfast-races"); err != nil {
		return err
	}
	return os.Setenv("GORACE", "exitcode=0 log_path="+filepath.Join(raceDir, "race"))
}

// ownAccess is the access to memory of a race's report if the code is ours; Go's own
// packages, such as a map's, do it for their callers.
var ownAccess = regexp.MustCompile(`(?im)^(?:previous )?(?:atomic )?(?:read|write) at .*\n(?:  [a-z0-9/]+\.[^/\n]*\n.*\n)*  github\.com/holdfastdns/`)

// ownRaces are the reports of all processes in which one of the two accesses is ours.
func ownRaces() (reports []string, err error) {
	if raceDir == "" {
		return nil, nil
	}
	defer os.RemoveAll(raceDir)
	return ownRacesIn(raceDir)
}

// ownRacesIn are those in a folder. CoreDNS has races of its own: secondary answers from
// the zones of a catalog while it replaces them.
func ownRacesIn(dir string) (reports []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "race.*"))
	for _, file := range files {
		text, failed := os.ReadFile(file) // #nosec G304 -- the test's own
		if failed != nil {
			return reports, failed
		}
		for report := range strings.SplitSeq(string(text), "==================\n") {
			if ownAccess.MatchString(report) {
				reports = append(reports, report)
			}
		}
	}
	return reports, err
}
