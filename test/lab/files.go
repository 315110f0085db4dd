package lab

import (
	"os"
	"path/filepath"
	"testing"
)

// Read is the text of a file of the repository.
func Read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root, file)) // #nosec G304 -- our own
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Write writes a file. A reader never sees a part of it.
func Write(t testing.TB, path, text string) {
	t.Helper()
	err := os.WriteFile(path+".new", []byte(text), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// WriteAll writes files, by name, into a folder.
func WriteAll(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		Write(t, filepath.Join(dir, name), text)
	}
}
