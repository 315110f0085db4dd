package test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the top of the repository: the tests that share the lab are two folders below.
var root, _ = filepath.Abs("..")

// read is the text of a file of the repository.
func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file)) // #nosec G304 -- our own
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run runs a package's tests and returns the code to exit with, for its TestMain.
func run(m *testing.M) (code int) {
	// Tests with servers wait for zones to grow old, and for promises to end, and do little
	// else: by default only as many would run at once as there are processors.
	if err := flag.Set("test.parallel", "32"); err != nil {
		fmt.Println(err)
		return 1
	}
	code = m.Run()
	if races, err := ownRaces(); len(races) != 0 || err != nil {
		fmt.Println(strings.Join(races, "\n"), err)
		code = 1
	}
	return code
}
