package parts

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

func TestWhatIsThereIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "part")
	broken := errors.New("broken")
	write := func(text string, err error) error {
		return whole(path, func(tmp string) error {
			return errors.Join(os.WriteFile(tmp, []byte(text), 0o644), err)
		})
	}
	if err := write("half", broken); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("%v is left of what failed", left)
	}
	// As of a run that was killed.
	if err := os.WriteFile(path+".part", []byte("killed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(write("first", nil), write("second", nil)); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "first" {
		t.Errorf("%q, %v; want what was made first", text, err)
	}
}

func TestTwoRunsMakePartsOneAfterTheOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := lock(gone, path); !errors.Is(err, context.Canceled) {
		t.Errorf("a second lock: %v, want that it waits until it is told not to", err)
	}
	unlock()
	again, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestAnotherInputIsAnotherKey(t *testing.T) {
	if key([]byte("ab"), []byte("c")) == key([]byte("a"), []byte("bc")) || key([]byte("a")) == key([]byte("b")) {
		t.Error("two inputs have one key")
	}
}

// The modules of staging have Kubernetes' version with another major, and go.mod has to
// replace each by its own.
func TestKubernetesIsPinned(t *testing.T) {
	text, err := os.ReadFile("../kubernetes/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if r.Mod.Path == "k8s.io/kubernetes" && r.Mod.Version != Version {
			t.Errorf("go.mod has Kubernetes %s, want %s", r.Mod.Version, Version)
		}
	}
	staging := strings.Replace(Version, "v1.", "v0.", 1)
	if len(mod.Replace) < 20 {
		t.Errorf("%d modules are replaced, want all of staging", len(mod.Replace))
	}
	for _, r := range mod.Replace {
		if r.Old.Path != r.New.Path || r.New.Version != staging {
			t.Errorf("%s is replaced by %s, want itself at %s", r.Old.Path, r.New, staging)
		}
	}
	if len(mod.Tool) != 7 {
		t.Errorf("%d programs are built, want 7", len(mod.Tool))
	}
}
