package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/probe"
	"github.com/holdfastdns/holdfast/test/lab"
)

// A probe in rounds of four seconds writes a heartbeat to a BIND, from which a CoreDNS, a BIND,
// an NSD and a Knot DNS transfer it. Each in turn is refused the transfer: the probe names it,
// with the seconds, within two rounds, and nobody else, and takes that back when it is cured.
// That takes a minute: without HOLDFAST_FREEZE it is the Knot's turn alone.
func TestProbeNamesTheSecondaryThatIsFrozen(t *testing.T) {
	t.Parallel()
	for program, debianPackage := range map[string]string{"knotd": "knot", "nsd": "nsd", "named": "bind9"} {
		lab.Tool(t, program, debianPackage)
	}
	primary := lab.NewBIND(t, lab.FreePort(t), map[string]string{"example.org": "$TTL 300\n@ IN SOA ns hostmaster 4294967290 1 1 1209600 60\n@ IN NS ns\nns IN A 127.0.0.1\n"})
	primary.Start(t)
	lab.AwaitAnswer(t, primary.Addr, lab.Query("example.org.", dns.TypeSOA))
	all := startSecondaries(t, primary.Addr)

	keyFile := filepath.Join(t.TempDir(), "key")
	lab.Write(t, keyFile, fmt.Sprintf("hmac-sha256:%s:%s\n", lab.TSIGKey, lab.TSIGSecret))
	args := []string{"probe", "heartbeat.example.org", "-o", "json", "--interval", "4s", "--transport", "udp",
		"--write", "--primary", primary.Addr, "--tsig-file", keyFile, primary.Addr}
	for _, s := range all {
		args = append(args, s.address)
	}
	rounds := runProbe(t, args...)
	rounds.until(t, 15, "all are fresh", func(r probe.Round) bool { return r.Fresh == len(all)+1 })

	frozen := all[len(all)-1:]
	if os.Getenv("HOLDFAST_FREEZE") != "" {
		frozen = all
	}
	for _, frozen := range frozen {
		primary.Allow(t, frozen.refusal+"; any", "any")
		// The round that is on may have begun before, and another may be late with the transfer
		// of that round's write.
		want := fmt.Sprintf("example.org.: %d of %d fresh; %s udp is behind, ", len(all), len(all)+1, frozen.address)
		named := rounds.until(t, 4, frozen.kind+" alone is behind", func(r probe.Round) bool { return strings.HasPrefix(r.Verdict, want) })
		s := of(named, frozen.address)
		if s.Lag < 1 || !regexp.MustCompile(`^(heartbeat is \d+s behind|\d+s behind, serial \d+ < \d+)$`).MatchString(s.Why) {
			t.Errorf("%s is %g s behind: %q", frozen.kind, s.Lag, s.Why)
		}
		primary.Allow(t, "any", "any")
		rounds.until(t, 8, frozen.kind+" is cured", func(r probe.Round) bool { return r.Fresh == len(all)+1 })
	}
}

func of(r probe.Round, address string) probe.Server {
	return r.Servers[slices.IndexFunc(r.Servers, func(s probe.Server) bool { return s.Address == address })]
}

// rounds are those of a probe that runs until the test ends.
type rounds struct{ out *json.Decoder }

func runProbe(t *testing.T, args ...string) *rounds {
	t.Helper()
	reader, writer := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	var said strings.Builder
	go func() {
		defer close(ended)
		cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: writer, Err: &said}, args, verbs)
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		stop()
		_, _ = io.Copy(io.Discard, reader)
		<-ended
		if said.Len() > 0 {
			t.Errorf("the probe says %s", &said)
		}
	})
	return &rounds{json.NewDecoder(reader)}
}

// until reads at most so many rounds until one is as it should be, and returns that.
func (rs *rounds) until(t *testing.T, most int, what string, ok func(probe.Round) bool) (r probe.Round) {
	t.Helper()
	for i := range most {
		r = probe.Round{}
		if err := rs.out.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Verdict == "" {
			t.Fatal("the probe has ended")
		}
		if ok(r) {
			t.Logf("%s in round %d: %s", what, i+1, r.Verdict)
			return r
		}
	}
	t.Fatalf("%s: not within %d rounds: %+v", what, most, r)
	return r
}
