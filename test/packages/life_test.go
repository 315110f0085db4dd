package packages

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

const oldVersion = "0.1.9"

// older are the packages of an older version: another number in the server, another Corefile.
func older(t *testing.T) (m made) {
	t.Helper()
	dir := t.TempDir()
	longCommand(t, lab.Root, []string{"CGO_ENABLED=0", "GOOS=linux"}, "go", "build", "-trimpath", "-o", filepath.Join(dir, "coredns"),
		"-ldflags", "-s -w -X github.com/holdfastdns/holdfast/internal/version.number="+oldVersion, "./build/coredns")
	lab.Write(t, filepath.Join(dir, "Corefile"), "# Of an older version.\n"+lab.Read(t, "build/packages/Corefile"))
	config := filepath.Join(dir, "nfpm.yaml")
	lab.Write(t, config, lab.Replaced(t, lab.Read(t, "build/packages/nfpm.yaml"),
		"{src: coredns,", "{src: "+dir+"/coredns,", "{src: Corefile,", "{src: "+dir+"/Corefile,"))
	m = made{version: oldVersion, deb: filepath.Join(dir, "older.deb"), rpm: filepath.Join(dir, "older.rpm")}
	for packager, file := range map[string]string{"deb": m.deb, "rpm": m.rpm} {
		nfpm(t, []string{"VERSION=" + oldVersion}, "--config", config, "--packager", packager, "--target", file)
	}
	return m
}

// corefile is an operator's, with an address that clients reach, a zone and a lame duck that
// does not keep the test waiting.
func (d debian) corefile(t *testing.T, address string) string {
	t.Helper()
	return lab.Replaced(t, lab.Read(t, "build/packages/Corefile"), "bind lo", "bind "+d.ip, "lameduck 10s", "lameduck 1s",
		"forward . /etc/resolv.conf", "template IN A {\n        answer \"{{ .Name }} 60 IN A "+address+"\"\n    }", "    loop\n", "")
}

const corefilePath = "/etc/holdfast/Corefile"

func goThroughLife(t *testing.T, old string, m made) {
	d := bootDebian(t, map[string]string{"/old": filepath.Dir(old), "/new": filepath.Dir(m.deb)})

	d.run(t, "dpkg", "--install", "/old/"+filepath.Base(old))
	if active, enabled := d.is("active", "holdfast"), d.is("enabled", "holdfast"); active != "inactive" || enabled != "disabled" {
		t.Errorf("nobody has started it, and it is %s and %s", active, enabled)
	}
	if out := d.run(t, "sh", "-c", "systemd-analyze verify --man=no /usr/lib/systemd/system/holdfast*"); out != "" {
		t.Errorf("systemd-analyze verify says %s", out)
	}
	// As it comes it starts, and is to be reached from nowhere else.
	typed := lab.Typed(t, "docs/install.md", 2)
	begin, look, found := strings.Cut(typed[0], "holdfast status\n")
	if !found || look != "" {
		t.Errorf("the page does not end with a look at it: %q", typed[0])
	}
	if said := d.run(t, "bash", "-euc", begin); !strings.HasPrefix(said, "/etc/holdfast/Corefile is fine\n") {
		t.Errorf("the page's commands say %s", said)
	}
	lab.Until(t, "the page's look at it finds it", func() bool {
		_, err := d.try("holdfast", "status")
		return err == nil
	})
	lab.Until(t, "it is in service", func() bool {
		_, err := d.try("holdfast", "status", "--wait", "serving", "127.0.0.1")
		return err == nil
	})
	if got := d.answers(); !strings.Contains(got, "refused") {
		t.Errorf("from outside it says %s", got)
	}

	own := d.corefile(t, "192.0.2.1")
	d.write(t, corefilePath, own)
	d.run(t, "systemctl", "reload", "holdfast")
	d.awaitAnswer(t, "192.0.2.1")
	d.refusesABadCorefile(t, own)
	d.isShutIn(t)

	// The operator's Corefile stays, and the server is the new one.
	d.run(t, "dpkg", "--install", "--force-confdef", "--force-confold", "/new/"+filepath.Base(m.deb))
	if version := d.run(t, "dpkg-query", "--show", "--showformat", "${Version}", "holdfast"); version != m.version+"-1" {
		t.Errorf("it is version %s, want %s-1", version, m.version)
	}
	if got := d.run(t, "cat", corefilePath); got != strings.TrimSpace(own) {
		t.Errorf("the upgrade changes the Corefile to\n%s", got)
	}
	d.awaitAnswer(t, "192.0.2.1")
	if told := d.run(t, "curl", "-s", "http://127.0.0.1:8182/status"); !strings.Contains(told, `"holdfast": "`+m.version+`"`) {
		t.Errorf("after the upgrade from %s to %s it says\n%s", oldVersion, m.version, told)
	}
	d.announcesByBIRD(t)

	d.run(t, "bash", "-euc", typed[1])
	for _, unit := range []string{"holdfast", "holdfast-bird.timer"} {
		if active, enabled := d.is("active", unit), d.is("enabled", unit); active != "inactive" || enabled != "disabled" {
			t.Errorf("on the way back to stock, %s is %s and %s", unit, active, enabled)
		}
	}
	d.run(t, "systemctl", "enable", "--now", "holdfast")
	d.awaitAnswer(t, "192.0.2.1")

	d.run(t, "dpkg", "--remove", "holdfast")
	if active := d.is("active", "holdfast"); active != "inactive" && active != "unknown" {
		t.Errorf("removed, it is %s", active)
	}
	if got := d.answers(); !strings.Contains(got, "refused") {
		t.Errorf("removed, it says %s", got)
	}
	if got := d.run(t, "cat", corefilePath); got != strings.TrimSpace(own) {
		t.Errorf("the removal changes the Corefile to\n%s", got)
	}
	d.run(t, "dpkg", "--purge", "holdfast")
	if left := d.run(t, "sh", "-c", "find / -xdev -name '*holdfast*' -not -path '/var/*' -not -path '/proc/*' -not -path '/sys/*'"); left != "" {
		t.Errorf("the purge leaves %s", left)
	}
}

// refusesABadCorefile reloads one, whose error is told, and then another that is good.
func (d debian) refusesABadCorefile(t *testing.T, good string) {
	t.Helper()
	d.write(t, corefilePath, lab.Replaced(t, good, "lameduck 1s", "lameduck never"))
	if out, err := d.try("systemctl", "reload", "holdfast"); err == nil {
		t.Errorf("a bad Corefile is taken: %s", out)
	}
	if journal := d.run(t, "journalctl", "--no-pager", "--unit", "holdfast", "--lines", "20"); !strings.Contains(journal, "never") {
		t.Errorf("the journal does not say what is wrong:\n%s", journal)
	}
	if got := d.answers(); got != "192.0.2.1" {
		t.Errorf("after a bad reload it says %s", got)
	}
	d.write(t, corefilePath, d.corefile(t, "192.0.2.2"))
	d.run(t, "systemctl", "reload", "holdfast")
	d.awaitAnswer(t, "192.0.2.2")
	d.write(t, corefilePath, good)
	d.run(t, "systemctl", "reload", "holdfast")
	d.awaitAnswer(t, "192.0.2.1")
}

// isShutIn is whether the server has what the unit says: no user of a person, and no privilege
// but to bind port 53.
func (d debian) isShutIn(t *testing.T) {
	t.Helper()
	pid := d.run(t, "systemctl", "show", "--property", "MainPID", "--value", "holdfast")
	status := make(map[string]string)
	for line := range strings.Lines(d.run(t, "cat", "/proc/"+pid+"/status")) {
		name, value, _ := strings.Cut(line, ":")
		status[name] = strings.TrimSpace(value)
	}
	const netBindService = "0000000000000400"
	if status["CapEff"] != netBindService || status["CapBnd"] != netBindService || status["NoNewPrivs"] != "1" || status["Seccomp"] != "2" || strings.HasPrefix(status["Uid"], "0\t") {
		t.Errorf("it runs as %s with capabilities %s of %s, no new privileges %s, seccomp %s",
			status["Uid"], status["CapEff"], status["CapBnd"], status["NoNewPrivs"], status["Seccomp"])
	}
}

// announcesByBIRD sees BIRD's protocol follow /ready.
func (d debian) announcesByBIRD(t *testing.T) {
	t.Helper()
	d.write(t, "/etc/bird/bird.conf", "log syslog all;\nrouter id 192.0.2.11;\nprotocol device {}\nprotocol static dns { disabled; ipv4; route 192.0.2.53/32 blackhole; }\n")
	d.run(t, "systemctl", "restart", "bird")
	d.run(t, "systemctl", "enable", "--now", "holdfast-bird.timer")
	announced := func() bool { return strings.Contains(d.run(t, "birdc", "show", "route"), "192.0.2.53/32") }
	lab.Until(t, "the address is announced", announced)
	d.run(t, "systemctl", "stop", "holdfast")
	lab.Until(t, "the address is withdrawn", func() bool { return !announced() })
	d.run(t, "systemctl", "start", "holdfast")
	lab.Until(t, "the address is announced again", announced)
	// It does not fill the journal, and says what keeps it from its work.
	if lines := d.run(t, "journalctl", "--no-pager", "--quiet", "--unit", "holdfast-bird.service"); lines != "" {
		t.Errorf("while all is well the journal has %s", lines)
	}
	d.run(t, "systemctl", "stop", "bird")
	lab.Until(t, "the journal says that BIRD is away", func() bool {
		return strings.Contains(d.run(t, "journalctl", "--no-pager", "--unit", "holdfast-bird.service"), "Unable to connect")
	})
}
