package corefile

import (
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Read("", "Corefile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatACorefileSays(t *testing.T) {
	c := read(t, `.:53 {
    root /etc/keys
    health :8090 {
        lameduck 1m10s
    }
    ready
    selfpreserve 192.0.2.1:8190 {
        peers static 192.0.2.1 [2001:db8::1]:8190
        peers dns Peers.dns.svc.cluster.local:8190
        min_peers 2 30%
        max_hold 45
        canary Example.COM SOA
        tls cert.pem /key.pem ca.pem
        observe
    }
    kubernetes cluster.local 10.0.0.0/8 {
        endpoint_pod_names
    }
    stalecheck cluster.local {
        heartbeat heartbeat.dns.svc.cluster.local
    }
    template IN A example.org {
        match nested {
            deep
        }
        rcode NXDOMAIN
    }
    cache
}
tls://example.org {
    tls /etc/tls.pem key.pem
    ready :8191
    whoami
}
`)
	s := c.SelfPreserve
	if c.Lameduck != 70*time.Second || s.MaxHold != 45*time.Second || s.MinPeers != 2 || s.MinPercent != 30 || !s.TLS || !s.Observe || s.Own != "192.0.2.1" || !s.HasPeers() {
		t.Errorf("it says %+v, %+v", c, s)
	}
	if !slices.Equal(c.Ports.Health, []int{8090}) || !slices.Equal(c.Ports.Ready, []int{8181, 8191}) || c.Ports.SelfPreserve != 8190 {
		t.Errorf("the ports are %+v", c.Ports)
	}
	for name, tc := range map[string]struct{ have, want []string }{
		"static peers":  {s.StaticPeers, []string{"192.0.2.1", "[2001:db8::1]:8190"}},
		"peers' names":  {s.PeerNames, []string{"peers.dns.svc.cluster.local."}},
		"cluster zones": {c.ClusterZones, []string{"cluster.local.", "10.in-addr.arpa."}},
		"heartbeats":    {c.Heartbeats, []string{"heartbeat.dns.svc.cluster.local."}},
		"certificates":  {c.Certificates, []string{"/etc/keys/cert.pem", "/etc/tls.pem"}},
		"canaries":      {[]string{s.Canaries[0].Name}, []string{"example.com."}},
	} {
		if !slices.Equal(tc.have, tc.want) {
			t.Errorf("%s are %q, want %q", name, tc.have, tc.want)
		}
	}
}

func TestWhatACorefileLeavesToDefaults(t *testing.T) {
	c := read(t, ".:53 {\n selfpreserve {\n peers dns peers.example.org\n }\n health\n}\n")
	if s := c.SelfPreserve; s.MaxHold != 20*time.Second || s.MinPeers != 1 || s.MinPercent != 0 || c.Ports.SelfPreserve != 8182 || c.Ports.Health[0] != 8080 || c.Lameduck != 0 || !c.IsHoldfast {
		t.Errorf("%+v, %+v", c, s)
	}
	if s := read(t, ".:53 {\n selfpreserve {\n peers static 192.0.2.1\n min_peers 40%\n }\n}\n").SelfPreserve; s.MinPeers != 0 || s.MinPercent != 40 {
		t.Errorf("%+v", s)
	}
	c = read(t, ".:53 {\n whoami\n}\n")
	if c.SelfPreserve.HasPeers() || c.IsHoldfast || c.Ports.SelfPreserve != 0 || len(c.Ports.Health)+len(c.Ports.Ready) != 0 {
		t.Errorf("%+v", c)
	}
}

// Options stand in one block, before or behind those that only enrol.
func TestABareSelfpreserveEnrols(t *testing.T) {
	const options, bare = "a.example {\n selfpreserve :8190 {\n peers static 192.0.2.1\n }\n}\n", "b.example {\n selfpreserve\n}\n"
	for _, text := range []string{options + bare, bare + options} {
		if c := read(t, text); !c.SelfPreserve.HasPeers() || c.Ports.SelfPreserve != 8190 {
			t.Errorf("%s: %+v", text, c.SelfPreserve)
		}
	}
	if c := read(t, bare); c.SelfPreserve.HasPeers() || c.Ports.SelfPreserve != 8182 {
		t.Errorf("%+v", c)
	}
}

// caddy's own parser does these.
func TestSnippetsImportsAndTheEnvironmentAreFollowed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "more"), []byte("health {\n lameduck {$TEST_LAMEDUCK}\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log.SetOutput(io.Discard) // caddy warns of none*
	defer log.SetOutput(os.Stderr)
	t.Setenv("TEST_LAMEDUCK", "7s")
	c, err := Read(dir, "/Corefile", []byte("(common) {\n ready :8190\n}\n. {\n import common\n import more\n import none*\n}\n"))
	if err != nil || c.Lameduck != 7*time.Second || c.Ports.Ready[0] != 8190 {
		t.Errorf("%+v, %v", c, err)
	}
	t.Setenv("TEST_LAMEDUCK", "")
	_, err = Read(dir, "/Corefile", []byte(". {\n import more\n}\n"))
	if err == nil || err.Error() != "/more:2: lameduck is empty: is an environment variable not set here?" {
		t.Errorf("%v", err)
	}
	_, err = Read(dir, "/Corefile", []byte(". {\n import nope\n}\n"))
	if err == nil || strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "nope") {
		t.Errorf("%v", err)
	}
}

func TestWhatCannotBeReadHasAFileAndALine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "Corefile: no server block with a plugin in it: want a Corefile",
		"apiVersion: ":                           "Corefile: no server block with a plugin in it: want a Corefile",
		". {\n health":                           "Corefile:2 - Syntax error: ",
		". {\n health {\n lameduck\n }\n}\n":     `Corefile:3: lameduck has 0 values, []: want one`,
		". {\n health {\n lameduck 5\n }\n}\n":   `Corefile:3: lameduck "5" is not a duration: want one such as 10s`,
		". {\n health {\n lameduck -5s\n }\n}\n": `Corefile:3: lameduck "-5s" is not a duration`,
		". {\n health 8080\n}\n":                 `Corefile:2: address "8080" has no port: want one such as :8080`,
		". {\n ready :0\n}\n":                    `Corefile:2: address ":0" has port "0": want one from 1 to 65535`,
		". {\n selfpreserve {\n max_hold soon\n }\n}\n":                                  `Corefile:3: max_hold "soon" is not a duration`,
		". {\n selfpreserve {\n min_peers 0\n }\n}\n":                                    `Corefile:3: min_peers "0": want a whole number`,
		". {\n selfpreserve {\n min_peers 101%\n }\n}\n":                                 `Corefile:3: min_peers "101%": want a whole number`,
		". {\n selfpreserve {\n peers static\n }\n}\n":                                   `Corefile:3: peers ["static"]: want static ADDRESS... or dns NAME...`,
		". {\n selfpreserve {\n peers srv a.example\n }\n}\n":                            `Corefile:3: peers ["srv" "a.example"]: want static`,
		". {\n selfpreserve {\n peers dns {$TEST_NOT_SET}\n }\n}\n":                      `Corefile:3: peers dns is empty: is an environment variable`,
		". {\n selfpreserve {\n canary\n }\n}\n":                                         `Corefile:3: canary is empty`,
		". {\n stalecheck {\n heartbeat\n }\n}\n":                                        `Corefile:3: heartbeat has 0 values`,
		"a {\n selfpreserve {\n observe\n }\n}\nb {\n selfpreserve {\n observe\n }\n}\n": `Corefile:7: options of selfpreserve are in two server blocks: want them in one`,
	} {
		if _, err := Read("", "Corefile", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}
