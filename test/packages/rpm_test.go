package packages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// scratch is a root in which rpm installs, with a shell for its scripts and a systemctl that
// writes down what they want of it.
type scratch struct{ root string }

func newScratch(t *testing.T) scratch {
	t.Helper()
	s := scratch{t.TempDir()}
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"/bin/sh": shell}
	for _, m := range regexp.MustCompile(`(?:=> )?(/\S+) \(0x`).FindAllStringSubmatch(lab.Command(t, ".", "ldd", shell), -1) {
		files[m[1]] = m[1]
	}
	for inside, file := range files {
		text, err := os.ReadFile(file) // #nosec G304 -- the shell's
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, inside, string(text))
	}
	s.write(t, "/dev/null", "")
	s.write(t, "/bin/systemctl", "#!/bin/sh\necho \"$*\" >>/asked\n")
	if err := os.MkdirAll(s.path("/run/systemd/system"), 0o755); err != nil { // #nosec G301 -- as systemd has it
		t.Fatal(err)
	}
	return s
}

func (s scratch) path(inside string) string { return filepath.Join(s.root, inside) }

func (s scratch) write(t *testing.T, inside, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(inside)), 0o755); err != nil { // #nosec G301 -- as it is elsewhere
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(inside), []byte(text), 0o755); err != nil { // #nosec G306 -- to be run
		t.Fatal(err)
	}
}

// rpm does something and returns what it says, and then what its scripts wanted of systemctl.
func (s scratch) rpm(t *testing.T, args ...string) (said, asked string) {
	t.Helper()
	said = lab.Command(t, ".", "rpm", append([]string{"--root", s.root}, args...)...)
	text, err := os.ReadFile(s.path("/asked"))
	if err == nil {
		err = os.Remove(s.path("/asked"))
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return said, string(text)
}

func (s scratch) read(t *testing.T, inside string) string {
	t.Helper()
	text, err := os.ReadFile(s.path(inside))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The rpm as rpm itself installs it, upgrades it and removes it. It has no Fedora to serve in.
func goThroughLifeOfRPM(t *testing.T, old string, m made) {
	s := newScratch(t)
	expect := func(did, asked, want string) {
		t.Helper()
		if asked != want {
			t.Errorf("%s asks systemctl for %q, want %q", did, asked, want)
		}
	}
	_, asked := s.rpm(t, "--nodeps", "--install", old)
	expect("the installation", asked, "daemon-reload\n") // and starts nothing
	if changed, _ := s.rpm(t, "--nodeps", "--verify", "holdfast"); changed != "" {
		t.Errorf("as installed it differs from the package:\n%s", changed)
	}
	for file, want := range map[string]os.FileMode{"/usr/bin/holdfast-coredns": 0o755, "/usr/bin/holdfast": 0o755, "/usr/lib/holdfast/bird-check": 0o755,
		corefilePath: 0o644, "/usr/lib/systemd/system/holdfast.service": 0o644, "/etc/holdfast": 0o755 | os.ModeDir} {
		if info, err := os.Stat(s.path(file)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want mode %s", file, info, err, want)
		}
	}

	own := s.read(t, corefilePath) + "# An operator's.\n"
	s.write(t, corefilePath, own)
	_, asked = s.rpm(t, "--nodeps", "--upgrade", m.rpm)
	expect("the upgrade", asked, "daemon-reload\nis-active --quiet holdfast.service\nrestart holdfast.service\ndaemon-reload\n")
	if version, _ := s.rpm(t, "--query", "--queryformat", "%{VERSION}-%{RELEASE}", "holdfast"); version != m.version+"-1" {
		t.Errorf("it is version %s, want %s-1", version, m.version)
	}
	if said := lab.Command(t, ".", s.path("/usr/bin/holdfast-coredns"), "-version"); !strings.Contains(said, "(Holdfast "+m.version+")") {
		t.Errorf("the server says %s", said)
	}
	if s.read(t, corefilePath) != own || s.read(t, corefilePath+".rpmnew") != lab.Read(t, "build/packages/Corefile") {
		t.Error("the upgrade does not keep the operator's Corefile and put the new one beside it")
	}

	_, asked = s.rpm(t, "--nodeps", "--erase", "holdfast")
	expect("the removal", asked, "--quiet disable --now holdfast-bird.timer holdfast.service\ndaemon-reload\n")
	if s.read(t, corefilePath+".rpmsave") != own {
		t.Error("the removal loses the operator's Corefile")
	}
	var left []string
	err := filepath.WalkDir(s.root, func(path string, _ os.DirEntry, err error) error {
		inside := strings.TrimPrefix(path, s.root)
		if strings.Contains(inside, "holdfast") && !strings.HasPrefix(inside, "/etc/holdfast") && !strings.HasPrefix(inside, "/var/lib/rpm") {
			left = append(left, inside)
		}
		return err
	})
	if err != nil || len(left) != 0 {
		t.Errorf("the removal leaves %q: %v", left, err)
	}
}
