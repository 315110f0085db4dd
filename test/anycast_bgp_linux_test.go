package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const anycastAddr = "192.0.2.53"

// startBIRD starts the router's BGP. It puts the routes of all servers that announce the
// address into the kernel, which sends each flow to one of them.
func (f *anycast) startBIRD(t *testing.T) {
	t.Helper()
	conf := "router id 10.8.0.5;\nprotocol device { }\nprotocol kernel { merge paths on; ipv4 { import none; export all; }; }\n"
	for _, h := range f.servers {
		conf += fmt.Sprintf("protocol bgp server%d { passive on; local 10.8.0.5 as 64496; neighbor 10.8.0.%[1]d as 64497; ipv4 { import all; export none; }; }\n", h.number)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bird.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.router.inside(func() {
		startDaemon(t, dir, tool(t, "bird", "bird2"), "-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid")
	}); err != nil {
		t.Fatal(err)
	}
	until(t, "BIRD is there", func() bool { _, err := os.Stat(filepath.Join(dir, "bird.ctl")); return err == nil })
}

// readmeCheck is the command that selfpreserve's README has for ExaBGP, which asks /ready.
func readmeCheck(t *testing.T) (process, check string) {
	t.Helper()
	found := regexp.MustCompile(`(?s)~~~ txt\n(process dns \{\n.*?--command "(.*?)" .*?\n\}\n)~~~`).FindStringSubmatch(read(t, "plugin/selfpreserve/README.md"))
	if found == nil || !strings.Contains(found[1], "--ip "+anycastAddr+"/32") {
		t.Fatalf("the README does not say how ExaBGP announces %s", anycastAddr)
	}
	return found[1], found[2]
}

// announce lets the ExaBGP beside each server announce the address while a check passes,
// and waits until all do. It ends those that were there before.
func (f *anycast) announce(t *testing.T, check string) {
	t.Helper()
	exabgp := tool(t, "exabgp", "exabgp")
	for _, s := range f.speakers {
		s.end(syscall.SIGTERM)
	}
	f.speakers = nil
	f.announced(t) // BIRD has heard of the end
	process, readmes := readmeCheck(t)
	process = strings.Replace(process, readmes, check, 1)
	for _, h := range f.servers {
		dir := t.TempDir()
		conf := process + fmt.Sprintf("neighbor 10.8.0.5 { router-id 10.8.0.%d; local-address 10.8.0.%[1]d; local-as 64497; peer-as 64496; api { processes [ dns ]; } }\n", h.number)
		for name, text := range map[string]string{
			"exabgp.conf": conf,
			"exabgp.env":  "[exabgp.daemon]\nuser = 'root'\n[exabgp.api]\ncli = false\n", // whose the directory is
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.inside(func() {
			f.speakers = append(f.speakers, startDaemon(t, dir, exabgp, "--env", filepath.Join(dir, "exabgp.env"), "exabgp.conf"))
		}); err != nil {
			t.Fatal(err)
		}
	}
	f.announced(t, f.servers...)
}

// announced waits until these servers announce the address, and no others: so the
// router's kernel has it.
func (f *anycast) announced(t *testing.T, servers ...*host) {
	t.Helper()
	want := []string{}
	for _, h := range servers {
		want = append(want, fmt.Sprintf("via 10.8.0.%d", h.number))
	}
	eventually(t, 3*patience, func() string {
		if got := f.routes(t); strings.Join(got, ", ") != strings.Join(want, ", ") {
			return fmt.Sprintf("the router has routes %q, want %q", got, want)
		}
		return ""
	})
}

// routes are the router's to the address, in order.
func (f *anycast) routes(t *testing.T) (found []string) {
	t.Helper()
	ip := tool(t, "ip", "iproute2")
	if err := f.router.inside(func() {
		found = regexp.MustCompile(`via 10\.8\.0\.\d`).FindAllString(command(t, ".", ip, "route", "show", anycastAddr), -1)
	}); err != nil {
		t.Fatal(err)
	}
	return found
}
