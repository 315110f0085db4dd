// Package packages tests what a package of Linux brings: its units, its Corefile, and
// with HOLDFAST_PACKAGES set the packages themselves, on a Debian with systemd.
package packages

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// withPeers is the Corefile of the packages once somebody has named peers.
func withPeers(t *testing.T) string {
	t.Helper()
	return lab.Replaced(t, lab.Read(t, "build/packages/Corefile"), "# peers static", "peers static", "# min_peers", "min_peers")
}

// doctor runs holdfast doctor on the Corefile and manifests.
func doctor(t *testing.T, corefile string, args ...string) (out string, fine bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Corefile")
	lab.Write(t, path, corefile)
	told, err := exec.Command(lab.Holdfast(t), append([]string{"doctor", path}, args...)...).CombinedOutput() // #nosec G204 -- the test's own
	return string(told), err == nil
}

// killedAfter is a workload whose orchestrator kills so many seconds after SIGTERM.
func killedAfter(t *testing.T, seconds int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "deployment.yaml")
	lab.Write(t, path, fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: dns}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      terminationGracePeriodSeconds: %d
      containers:
      - {name: coredns, image: "registry.example.org/holdfast:0.2.0", args: [-conf, /Corefile]}
`, seconds))
	return path
}

// The doctor knows the sum of a shutdown's timeouts, with the default of max_hold.
func TestTheUnitGivesAStopAsLongAsItMayTakeAndLittleMore(t *testing.T) {
	t.Parallel()
	set := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(lab.Read(t, "build/systemd/holdfast.service"))
	if set == nil {
		t.Fatal("holdfast.service has no TimeoutStopSec in seconds")
	}
	seconds, err := strconv.Atoi(set[1])
	if err != nil {
		t.Fatal(err)
	}
	if out, fine := doctor(t, withPeers(t), killedAfter(t, seconds), "--only", "grace-period"); !fine {
		t.Errorf("a stop may take longer than TimeoutStopSec=%d:\n%s", seconds, out)
	}
	const spare = 5 // a server that hangs is killed no later
	if out, fine := doctor(t, withPeers(t), killedAfter(t, seconds-spare), "--only", "grace-period"); fine || !strings.Contains(out, "a shutdown can take 35s") {
		t.Errorf("TimeoutStopSec=%d is more than %d s too long:\n%s", seconds, spare, out)
	}
}

func TestTheDoctorFindsNothingInTheCorefileOfThePackages(t *testing.T) {
	t.Parallel()
	for name, corefile := range map[string]string{"as it comes": lab.Read(t, "build/packages/Corefile"), "with peers": withPeers(t)} {
		if out, fine := doctor(t, corefile); !fine {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}

// The units are as shut in as they can be and still do their work, which the test of the
// packages sees: systemd calls less than 3 of 10 points OK.
func TestTheUnitsAreSandboxed(t *testing.T) {
	t.Parallel()
	analyze := lab.Tool(t, "systemd-analyze", "systemd")
	units, err := filepath.Glob(filepath.Join(lab.Root, "build/systemd/*.service"))
	if err != nil || len(units) != 2 {
		t.Fatalf("%q: %v", units, err)
	}
	for _, unit := range units {
		lab.Read(t, "build/systemd/"+filepath.Base(unit))                                                                     // so that go test knows of it
		out, err := exec.Command(analyze, "security", "--offline=yes", "--no-pager", "--threshold=29", unit).CombinedOutput() // #nosec G204 -- the test's own
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if t.Log(lines[len(lines)-1]); err != nil {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}

// The seconds that the Corefile's comment names are the unit's.
func TestTheCorefileOfThePackagesNamesTheUnitsTimeout(t *testing.T) {
	seconds := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(lab.Read(t, "build/systemd/holdfast.service"))[1]
	if !strings.Contains(lab.Read(t, "build/packages/Corefile"), "TimeoutStopSec of holdfast.service, which is "+seconds+" s.") {
		t.Errorf("the Corefile does not name TimeoutStopSec=%s", seconds)
	}
}
