package follow

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestLogsAreReadToTheEndAlsoWhenDeleted(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "kube-system_coredns-1_uid", "coredns", "0.log")
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(text string) {
		if _, err := fmt.Fprint(f, text); err != nil {
			t.Fatal(err)
		}
	}
	write("2026-01-02T03:04:05.5Z stdout F first\nno line\n2026-01-02T03:04:06Z std")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var got []string
	err = Follow(ctx, filepath.Join(dir, "*", "coredns", "*.log"), func(l Line) error {
		got = append(got, fmt.Sprintf("%s %s %s %s", l.Pod, l.Container, l.At.Format("05.0"), l.Text))
		switch len(got) {
		case 1:
			write("err F second one\n")
		case 2:
			if err := os.RemoveAll(filepath.Join(dir, "kube-system_coredns-1_uid")); err != nil {
				t.Fatal(err)
			}
			write("2026-01-02T03:04:07Z stdout F last\n")
		case 3:
			stop()
		}
		return nil
	})
	want := []string{"coredns-1 coredns 05.5 first", "coredns-1 coredns 06.0 second one", "coredns-1 coredns 07.0 last"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
