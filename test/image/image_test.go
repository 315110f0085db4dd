// Package image builds the image and runs it.
package image

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// makeImage is what make image makes. It may have to compile all of CoreDNS first.
func makeImage(t *testing.T) (image string) {
	t.Helper()
	lab.Tool(t, "setcap", "libcap2-bin")
	lab.Binary(t) // so that go test knows of its sources, and of what else the image is made of
	lab.Holdfast(t)
	for _, source := range []string{"Makefile", "build/image/Dockerfile", "build/image/local"} {
		lab.Read(t, source)
	}
	image = lab.Unique()
	t.Cleanup(func() { lab.Docker(t, "image", "rm", image) })
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, lab.Tool(t, "make", "make"), "image", "IMAGE="+image) // #nosec G204 -- the test's own
	build.Dir = lab.Root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make image: %v\n%s", err, out)
	}
	return image
}

func TestImage(t *testing.T) {
	t.Parallel()
	lab.NeedEngine(t)
	image := makeImage(t)
	t.Run("describes itself", func(t *testing.T) { imageDescribesItself(t, image) })
	t.Run("holds nothing but what it needs", func(t *testing.T) { imageHoldsNothingElse(t, image) })
	t.Run("has the command", func(t *testing.T) { imageHasTheCommand(t, image) })
	t.Run("does what the README types", func(t *testing.T) { imageDoesWhatTheREADMETypes(t, image) })
	t.Run("binds port 53", func(t *testing.T) { imageBindsPort53(t, image) })
	t.Run("holds a stop", func(t *testing.T) { imageHoldsAStop(t, image) })
}

func imageDescribesItself(t *testing.T, image string) {
	var told []struct {
		Architecture string
		Size         int
		Config       struct {
			User, WorkingDir string
			Entrypoint       []string
			ExposedPorts     map[string]any
			Labels           map[string]string
		}
	}
	if err := json.Unmarshal([]byte(lab.Docker(t, "image", "inspect", image)), &told); err != nil {
		t.Fatal(err)
	}
	config := told[0].Config
	const most = 101e6 // what the pages say, rounded
	if t.Logf("the image has %.1f MB", float64(told[0].Size)/1e6); told[0].Size > most {
		t.Errorf("want at most %.0f MB", most/1e6)
	}
	if arch := strings.TrimSpace(lab.Command(t, lab.Root, "go", "env", "GOARCH")); told[0].Architecture != arch {
		t.Errorf("the architecture is %s, want %s", told[0].Architecture, arch)
	}
	if config.User != "65532:65532" || config.WorkingDir != "/" || !slices.Equal(config.Entrypoint, []string{"/coredns"}) {
		t.Errorf("the configuration is %+v", config)
	}
	if ports := slices.Sorted(maps.Keys(config.ExposedPorts)); !slices.Equal(ports, []string{"53/tcp", "53/udp", "8182/tcp"}) {
		t.Errorf("the ports are %q", ports)
	}
	version := regexp.MustCompile(`\(Holdfast (\S+)\)`).FindStringSubmatch(lab.Command(t, ".", lab.Binary(t), "-version"))
	for label, want := range map[string]string{
		"title":    "Holdfast",
		"source":   "https://github.com/holdfastdns/holdfast",
		"licenses": "Apache-2.0",
		"version":  version[1],
		"revision": strings.TrimSpace(lab.Command(t, lab.Root, "git", "rev-parse", "HEAD")),
	} {
		if got := config.Labels["org.opencontainers.image."+label]; got != want {
			t.Errorf("the label %s is %q, want %q", label, got, want)
		}
	}
}

// netBindService is cap_net_bind_service=ep as Linux keeps it with a file, version 2 of
// struct vfs_cap_data.
const netBindService = "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

func imageHoldsNothingElse(t *testing.T, image string) {
	container := lab.Unique()
	lab.Docker(t, "create", "--name", container, image)
	t.Cleanup(func() { lab.Docker(t, "rm", container) })
	exported := filepath.Join(t.TempDir(), "exported.tar")
	lab.Docker(t, "export", "--output", exported, container)
	file, err := os.Open(exported) // #nosec G304 -- the test's own
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	engines := regexp.MustCompile(`^(\.dockerenv|(dev|proc|sys)(/.*)?|etc/(hostname|hosts|mtab|resolv\.conf))$`)
	copies := map[string]string{"etc/ssl/certs/ca-certificates.crt": "/etc/ssl/certs/ca-certificates.crt", "LICENSE": filepath.Join(lab.Root, "LICENSE")}
	var held []string
	for archive := tar.NewReader(file); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Trim(h.Name, "/")
		if engines.MatchString(name) {
			continue
		}
		held = append(held, name)
		mode, capability := int64(0o644), ""
		switch {
		case h.Typeflag == tar.TypeDir:
			mode = 0o755
		case name == "coredns":
			mode, capability = 0o755, netBindService
		case name == "holdfast":
			mode = 0o755
		}
		if h.Mode&0o7777 != mode || h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s has mode %o and is of %d:%d, want mode %o of 0:0", name, h.Mode, h.Uid, h.Gid, mode)
		}
		if got := h.PAXRecords["SCHILY.xattr.security.capability"]; got != capability {
			t.Errorf("%s has the capability %x, want %x", name, got, capability)
		}
		if from, is := copies[name]; is {
			want, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(archive); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not a copy of %s: %v", name, from, err)
			}
		}
	}
	slices.Sort(held)
	if want := []string{"LICENSE", "coredns", "etc", "etc/ssl", "etc/ssl/certs", "etc/ssl/certs/ca-certificates.crt", "holdfast"}; !slices.Equal(held, want) {
		t.Errorf("it holds %q, want %q", held, want)
	}
}

// As kubectl exec does it in a pod.
func imageHasTheCommand(t *testing.T, image string) {
	version := regexp.MustCompile(`\(Holdfast (\S+)\)`).FindStringSubmatch(lab.Command(t, ".", lab.Binary(t), "-version"))
	printed := lab.Docker(t, "run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none", "--entrypoint", "/holdfast", image, "version")
	if want := "Holdfast " + version[1] + ", revision "; !strings.HasPrefix(printed, want) {
		t.Errorf("it prints %q, want %q", printed, want)
	}
}
