package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestCommittedFilesAreWhatPluginCfgSays(t *testing.T) {
	for file, names := range map[string]string{"build/coredns/zplugin.go": "", "cmd/holdfast/internal/doctor/corefile/zplugin.go": "corefile"} {
		fresh := filepath.Join(t.TempDir(), "zplugin.go")
		if err := run("../../plugin.cfg", fresh, names); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(fresh)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what plugin.cfg says: run make gen", file)
		}
	}
}

func TestABadListLeavesTheFileAlone(t *testing.T) {
	dir := t.TempDir()
	cfg, out := filepath.Join(dir, "plugin.cfg"), filepath.Join(dir, "zplugin.go")
	for file, content := range map[string]string{cfg: "log:log\nlog:log\n", out: "as it was"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(cfg, out, ""); err == nil {
		t.Error("a duplicate line was taken")
	}
	if content, _ := os.ReadFile(out); string(content) != "as it was" {
		t.Errorf("the file was overwritten with %q", content)
	}
}
