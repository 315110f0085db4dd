package version

import (
	"os"
	"regexp"
	"runtime/debug"
	"testing"
)

func TestTheNumberIsAVersionOfThreeParts(t *testing.T) {
	if got := Number(); !regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(got) {
		t.Errorf("%q", got)
	}
}

func TestTheRevisionIsThatOfThisModule(t *testing.T) {
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "8a1f920"}, {Key: "vcs.modified", Value: modified}}
	}
	ours := debug.Module{Path: modulePath, Version: "v0.1.0"}
	theirs := debug.Module{Path: "github.com/coredns/coredns", Version: "v1.15.0"}
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"a clean checkout":            {debug.BuildInfo{Main: ours, Settings: vcs("false")}, "8a1f920"},
		"a checkout with changes":     {debug.BuildInfo{Main: ours, Settings: vcs("true")}, "8a1f920-dirty"},
		"without version control":     {debug.BuildInfo{Main: ours}, Unknown},
		"a dependency":                {debug.BuildInfo{Main: theirs, Deps: []*debug.Module{{Path: "a.example"}, &ours}, Settings: vcs("false")}, "v0.1.0"},
		"a dependency in a workspace": {debug.BuildInfo{Main: theirs, Deps: []*debug.Module{{Path: modulePath}}, Settings: vcs("false")}, Unknown},
		"without this module":         {debug.BuildInfo{Main: theirs, Settings: vcs("false")}, Unknown},
	} {
		if got := recorded(&c.info); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestTheRevisionThatTheBuildSetsWins(t *testing.T) {
	defer func(was string) { revision = was }(revision)
	revision = "f00"
	if got := Revision(); got != "f00" {
		t.Errorf("%q", got)
	}
	revision = ""
	if got := Revision(); got == "" {
		t.Error("is empty, where nothing is recorded")
	}
}

// The linker says nothing of a variable that is not there.
func TestTheMakefileSetsTheRevisionThatIsHere(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("version.go")
	if err != nil {
		t.Fatal(err)
	}
	set := regexp.MustCompile(`-X `+regexp.QuoteMeta(modulePath)+`/internal/version\.(\w+)=`).FindAllSubmatch(makefile, -1)
	if len(set) == 0 {
		t.Error("it sets nothing")
	}
	for _, variable := range set {
		if !regexp.MustCompile(`(?m)^\t` + string(variable[1]) + ` += "`).Match(source) {
			t.Errorf("there is no %s", variable[1])
		}
	}
}

func TestTheImageIsLabelledWithTheNumber(t *testing.T) {
	dockerfile, err := os.ReadFile("../../build/image/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	label := regexp.MustCompile(`image\.version="([^"]+)"`).FindSubmatch(dockerfile)
	if label == nil || string(label[1]) != Number() {
		t.Errorf("the label is %q, want %s", label, Number())
	}
}
