package binary

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"github.com/holdfastdns/holdfast/internal/version"
	"github.com/holdfastdns/holdfast/test/lab"
)

// Whatever names Holdfast's version names that of internal/version: programs, a server's
// status and metrics, the image, the packages. .ci/recipe looks at somebody else's CoreDNS.
func TestEverythingNamesOneVersion(t *testing.T) {
	t.Parallel()
	want := version.Number()
	says := func(what, text, pattern string) {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil || m[1] != want {
			t.Errorf("%s: %q is not %s in\n%s", what, m, want, text)
		}
	}
	says("coredns -version", lab.Command(t, ".", lab.Binary(t), "-version"), `\(Holdfast (\S+)\)`)
	var printed struct{ Holdfast string }
	if err := json.Unmarshal([]byte(lab.Command(t, ".", lab.Holdfast(t), "version", "-o", "json")), &printed); err != nil || printed.Holdfast != want {
		t.Errorf("holdfast version: %+v, want %s: %v", printed, want, err)
	}

	const host = "127.0.0.1:"
	port, httpAddr, metrics := lab.FreePort(t), host+lab.FreePort(t), host+lab.FreePort(t)
	corefile := fmt.Sprintf(".:%s {\n bind 127.0.0.1\n selfpreserve %s\n prometheus %s\n whoami\n}\n", port, httpAddr, metrics)
	m := lab.StartMember(t, corefile, host+port, httpAddr, metrics)
	lab.Until(t, "it is in service", func() bool { return m.Ready() == "200 OK" })
	says("/status", lab.Fetch(t, "http://"+httpAddr+"/status"), `"holdfast": "([^"]+)"`)
	says("the metric", lab.Scrape(t, metrics), `coredns_holdfast_build_info\{[^}]*version="([^"]+)"`)

	says("the image's label", lab.Read(t, "build/image/Dockerfile"), `image\.version="([^"]+)"`)
	says("make packages", lab.Command(t, lab.Root, lab.Tool(t, "make", "make"), "--dry-run", "packages"), `build/packages/local (\S+) `)
	says("make release", lab.Command(t, lab.Root, "make", "--dry-run", "release"), `build/release/local (\S+) `)
	says("README.md's deb", lab.Read(t, "README.md"), `holdfast_([0-9.]+)-1_amd64\.deb`)
	says("README.md's rpm", lab.Read(t, "README.md"), `holdfast-([0-9.]+)-1\.x86_64\.rpm`)
	says("README.md's archive", lab.Read(t, "README.md"), `holdfast_([0-9.]+)_linux`)
}
