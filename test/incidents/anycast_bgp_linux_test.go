package incidents

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

const anycastAddr = "192.0.2.53"

// startBIRD starts the router's BGP. It puts the routes of all servers that announce the
// address into the kernel, which sends each flow to one of them.
func (f *anycast) startBIRD(t *testing.T) {
	t.Helper()
	conf := "router id 10.8.0.5;\nprotocol device { }\nprotocol kernel { merge paths on; ipv4 { import none; export all; }; }\n"
	for _, h := range f.servers {
		conf += fmt.Sprintf("protocol bgp server%d { passive on; local 10.8.0.5 as 64496; neighbor 10.8.0.%[1]d as 64497; ipv4 { import all; export none; }; }\n", h.Number)
	}
	dir := t.TempDir()
	lab.Write(t, filepath.Join(dir, "bird.conf"), conf)
	f.router.StartDaemon(t, dir, lab.Tool(t, "bird", "bird2"), "-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid")
	lab.Until(t, "BIRD is there", func() bool { _, err := os.Stat(filepath.Join(dir, "bird.ctl")); return err == nil })
}

// readmeCheck is the command that docs/ready.md has for ExaBGP, which asks /ready.
func readmeCheck(t *testing.T) (process, check string) {
	t.Helper()
	found := regexp.MustCompile(`(?s)~~~ txt\n(process dns \{\n.*?--command "(.*?)" .*?\n\}\n)~~~`).FindStringSubmatch(lab.Read(t, "docs/ready.md"))
	if found == nil || !strings.Contains(found[1], "--ip "+anycastAddr+"/32") {
		t.Fatalf("docs/ready.md does not say how ExaBGP announces %s", anycastAddr)
	}
	return found[1], found[2]
}

// announce lets the ExaBGP beside each server announce the address while a check passes,
// and waits until all do. It ends those that were there before.
func (f *anycast) announce(t *testing.T, check string) {
	t.Helper()
	exabgp := lab.Tool(t, "exabgp", "exabgp")
	for _, s := range f.speakers {
		s.End(syscall.SIGTERM)
	}
	f.speakers = nil
	f.announced(t) // BIRD has heard of the end
	process, readmes := readmeCheck(t)
	process = strings.Replace(process, readmes, check, 1)
	for _, h := range f.servers {
		dir := t.TempDir()
		conf := process + fmt.Sprintf("neighbor 10.8.0.5 { router-id 10.8.0.%d; local-address 10.8.0.%[1]d; local-as 64497; peer-as 64496; api { processes [ dns ]; } }\n", h.Number)
		lab.WriteAll(t, dir, map[string]string{
			"exabgp.conf": conf,
			"exabgp.env":  "[exabgp.daemon]\nuser = 'root'\n[exabgp.api]\ncli = false\n", // whose the directory is
		})
		f.speakers = append(f.speakers, h.StartDaemon(t, dir, exabgp, "--env", filepath.Join(dir, "exabgp.env"), "exabgp.conf"))
	}
	f.announced(t, f.servers...)
}

// announced waits until these servers announce the address, and no others: so the
// router's kernel has it.
func (f *anycast) announced(t *testing.T, servers ...*lab.Host) {
	t.Helper()
	want := []string{}
	for _, h := range servers {
		want = append(want, fmt.Sprintf("via 10.8.0.%d", h.Number))
	}
	lab.Eventually(t, 3*lab.Patience, func() string {
		if got := f.routes(t); strings.Join(got, ", ") != strings.Join(want, ", ") {
			return fmt.Sprintf("the router has routes %q, want %q", got, want)
		}
		return ""
	})
}

// routes are the router's to the address, in order.
func (f *anycast) routes(t *testing.T) (found []string) {
	t.Helper()
	ip := lab.Tool(t, "ip", "iproute2")
	if err := f.router.Inside(func() {
		found = regexp.MustCompile(`via 10\.8\.0\.\d`).FindAllString(lab.Command(t, ".", ip, "route", "show", anycastAddr), -1)
	}); err != nil {
		t.Fatal(err)
	}
	return found
}
