package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestLocksAreHadOnceEach(t *testing.T) {
	name := fmt.Sprintf("test%d", os.Getpid())
	t.Cleanup(func() {
		dir, _ := sharedDir()
		for _, number := range []string{"0", "1"} {
			_ = os.Remove(filepath.Join(dir, name+"."+number+".lock"))
		}
	})
	first, unlock, err := lock(name, 2)
	if err != nil {
		t.Fatal(err)
	}
	second, unlockSecond, err := lock(name, 2)
	if err != nil || second != 1-first {
		t.Fatalf("beside %d another has %d, %v", first, second, err)
	}
	defer unlockSecond()
	if _, third, err := tryLock(name, 2); third != nil || err != nil {
		t.Errorf("two are had, and a third is too: %v", err)
	}
	unlock()
	again, unlock, err := tryLock(name, 2)
	if unlock == nil || again != first || err != nil {
		t.Fatalf("%d was unlocked, and %d is had, %v", first, again, err)
	}
	unlock()
}
