package packages

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// made are the packages of this checkout, and their version.
type made struct{ version, deb, rpm string }

// makePackages is make packages.
func makePackages(t *testing.T) made {
	t.Helper()
	for program, debianPackage := range map[string]string{"make": "make", "dpkg-deb": "dpkg", "rpm": "rpm", "debootstrap": "debootstrap"} {
		lab.Tool(t, program, debianPackage)
	}
	longCommand(t, lab.Root, nil, "make", "packages")
	version := strings.Fields(lab.Command(t, lab.Root, "bin/stage/linux_"+architecture(t)+"/holdfast", "version"))[1] // Holdfast 0.2.0, ...
	m := made{version: strings.TrimSuffix(version, ",")}
	for file, pattern := range map[*string]string{&m.deb: "holdfast_" + m.version + "-1_*.deb", &m.rpm: "holdfast-" + m.version + "-1.*.rpm"} {
		found, err := filepath.Glob(filepath.Join(lab.Root, "bin/release", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("make packages makes no %s: %v", pattern, err)
		}
		*file = found[0]
	}
	return m
}

func architecture(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(lab.Command(t, lab.Root, "go", "env", "GOARCH"))
}

// longCommand runs what may have to compile all of CoreDNS.
func longCommand(t *testing.T, dir string, env []string, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) // #nosec G204 -- the test's own
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
}

// They take minutes, and a Debian of their own: the gate sets HOLDFAST_PACKAGES.
func TestPackages(t *testing.T) {
	if os.Getenv("HOLDFAST_PACKAGES") == "" {
		t.Skip("takes minutes; set HOLDFAST_PACKAGES=1 for it")
	}
	if os.Geteuid() != 0 {
		lab.SkipWithout(t, "root, for debootstrap", "run as root")
	}
	lab.NeedEngine(t)
	m := makePackages(t)
	t.Run("have a manual for each program and plugin", func(t *testing.T) { haveManuals(t, m) })
	t.Run("have the same files", func(t *testing.T) { haveTheSameFiles(t, m) })
	t.Run("are the same bytes each time", func(t *testing.T) { areReproducible(t, m) })
	t.Run("complete what is typed", func(t *testing.T) { completeWhatIsTyped(t, m) })
	old := older(t)
	t.Run("the rpm from installation to removal", func(t *testing.T) { goThroughLifeOfRPM(t, old.rpm, m) })
	t.Run("from installation to purge", func(t *testing.T) { goThroughLife(t, old.deb, m) })
}

// nfpm makes a package of what make packages has laid out.
func nfpm(t *testing.T, env []string, args ...string) {
	t.Helper()
	arch := architecture(t)
	longCommand(t, filepath.Join(lab.Root, "bin/stage/linux_"+arch), append(env, "ARCH="+arch), filepath.Join(lab.Root, "bin/tools/nfpm"), append([]string{"package"}, args...)...)
}

// The programs in them are built twice by make reproduce.
func areReproducible(t *testing.T, m made) {
	now := time.Now()
	if err := os.Chtimes(filepath.Join(lab.Root, "bin/stage/linux_"+architecture(t), "Corefile"), now, now); err != nil {
		t.Fatal(err)
	}
	epoch := strings.TrimSpace(lab.Command(t, lab.Root, "git", "log", "-1", "--format=%ct"))
	for packager, file := range map[string]string{"deb": m.deb, "rpm": m.rpm} {
		again := filepath.Join(t.TempDir(), "again")
		nfpm(t, []string{"VERSION=" + m.version, "SOURCE_DATE_EPOCH=" + epoch},
			"--config", filepath.Join(lab.Root, "build/packages/nfpm.yaml"), "--packager", packager, "--target", again)
		first, err := os.ReadFile(file) // #nosec G304 -- the test's own
		if err != nil {
			t.Fatal(err)
		}
		if second, err := os.ReadFile(again); err != nil || !bytes.Equal(first, second) { // #nosec G304 -- the test's own
			t.Errorf("the second %s differs from the first: %v", packager, err)
		}
	}
}

// filesOf are the files of a package, without folders.
func filesOf(t *testing.T, m made) (deb, rpm []string) {
	t.Helper()
	for line := range strings.Lines(lab.Command(t, ".", "dpkg-deb", "--contents", m.deb)) {
		if words := strings.Fields(line); words[0][0] != 'd' {
			deb = append(deb, strings.TrimPrefix(words[5], "."))
		}
	}
	for name := range strings.Lines(lab.Command(t, ".", "rpm", "--query", "--package", "--queryformat", "[%{FILEMODES:perms} %{FILENAMES}\n]", m.rpm)) {
		if words := strings.Fields(name); words[0][0] != 'd' {
			rpm = append(rpm, words[1])
		}
	}
	slices.Sort(deb)
	slices.Sort(rpm)
	return deb, rpm
}

// Where the two systems have the same thing at another place.
var atAnotherPlace = map[string]string{
	"/usr/share/zsh/vendor-completions/_holdfast": "/usr/share/zsh/site-functions/_holdfast",
	"/usr/share/doc/holdfast/copyright":           "/usr/share/licenses/holdfast/LICENSE",
}

func haveTheSameFiles(t *testing.T, m made) {
	deb, rpm := filesOf(t, m)
	for i, file := range deb {
		if there, moved := atAnotherPlace[file]; moved {
			deb[i] = there
		}
	}
	slices.Sort(deb)
	if !slices.Equal(deb, rpm) {
		t.Errorf("the deb has %q, the rpm %q", deb, rpm)
	}
	page := lab.Read(t, "docs/install.md")
	for _, file := range slices.Concat(rpm, slices.Collect(maps.Keys(atAnotherPlace))) {
		told := strings.Contains(page, "`"+file+"`")
		for dir := path.Dir(file); dir != "/" && !told; dir = path.Dir(dir) {
			told = strings.Contains(page, "`"+dir+"/`")
		}
		if !told {
			t.Errorf("docs/install.md does not say what %s is", file)
		}
	}
	if configs := strings.TrimSpace(lab.Command(t, ".", "rpm", "--query", "--package", "--configfiles", m.rpm)); configs != "/etc/holdfast/Corefile" {
		t.Errorf("the rpm's configuration is %q", configs)
	}
}

// Every page has the line that whatis and apropos read.
func haveManuals(t *testing.T, m made) {
	dir := t.TempDir()
	lab.Command(t, dir, "dpkg-deb", "--extract", m.deb, ".")
	want := []string{"holdfast-coredns.8", "holdfast.1", "coredns-ttlfloor.7", "coredns-stalecheck.7", "coredns-selfpreserve.7"}
	verbs := 0
	for line := range strings.Lines(lab.Command(t, dir, "usr/bin/holdfast", "__complete", "")) {
		if verb, _, ok := strings.Cut(line, "\t"); ok {
			verbs++
			if verb != "help" { // it shows the others' pages
				want = append(want, "holdfast-"+verb+".1")
			}
		}
	}
	if verbs < 9 {
		t.Errorf("%d verbs, want those of holdfast --help", verbs)
	}
	for _, page := range want {
		section := page[len(page)-1:]
		text := lab.Command(t, dir, "gunzip", "--stdout", filepath.Join("usr/share/man/man"+section, page+".gz"))
		_, name, found := strings.Cut(text, "\n.SH \"NAME\"\n")
		if !found {
			_, name, found = strings.Cut(text, "\n.SH NAME\n")
		}
		name, _, _ = strings.Cut(strings.NewReplacer(".PP\n", "", `\fI`, "", `\fB`, "", `\fP`, "", `\-`, "-").Replace(name), "\n")
		subject := strings.TrimPrefix(strings.TrimSuffix(page, "."+section), "coredns-")
		if !found || !strings.HasPrefix(name, subject+" ") || !strings.Contains(name, "- ") {
			t.Errorf("%s begins with %q", page, name)
		}
	}
}
