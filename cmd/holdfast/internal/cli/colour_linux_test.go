package cli

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestColoursAreForTerminalsAlone(t *testing.T) {
	hello := func(env *Env) error { env.Print(greeting{"hello"}); return nil }
	var pipe bytes.Buffer
	if runs(t, &pipe, hello); pipe.String() != "hello\n" {
		t.Errorf("a pipe gets %q", &pipe)
	}
	for name, tc := range map[string]struct {
		flags    []string
		env      string
		coloured bool
	}{
		"a terminal":    {nil, "", true},
		"with NO_COLOR": {nil, "NO_COLOR", false},
		"--no-color":    {[]string{"--no-color"}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", "xterm")
			t.Setenv("NO_COLOR", "")
			if tc.env != "" {
				t.Setenv(tc.env, "1")
			}
			keyboard, screen := terminal(t)
			runs(t, screen, hello, tc.flags...)
			got := make([]byte, 100)
			n, err := keyboard.Read(got)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]string{true: "\x1b[32mhello\x1b[0m", false: "hello"}[tc.coloured]; strings.TrimSpace(string(got[:n])) != want {
				t.Errorf("%q, want %q", got[:n], want)
			}
		})
	}
}

// terminal is a pseudo terminal: both of its ends.
func terminal(t *testing.T) (ptmx, pts *os.File) {
	t.Helper()
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ptmx.Close() })
	if err := unix.IoctlSetPointerInt(int(ptmx.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ptmx.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	pts, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pts.Close() })
	return ptmx, pts
}
