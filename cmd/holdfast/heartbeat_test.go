package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/heartbeat"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/kube"
	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

const beatName = "heartbeat.example.org"

// Four writers whose clocks are seconds apart write the same record at once, again and again:
// the time in it only grows, and ends at the newest that any of them wrote.
func TestSeveralWritersNeverTakeTheTimeBack(t *testing.T) {
	t.Parallel()
	t.Run("BIND", func(t *testing.T) {
		t.Parallel()
		bind := startBIND(t)
		writersNeverTakeTheTimeBack(t, heartbeat.Where{Primary: bind.Addr, KeyFile: writeKey(t)}, beatName, beatAt(t, bind.Addr))
	})
	t.Run("CoreDNS", func(t *testing.T) {
		t.Parallel()
		primary, keyFile := startDynamic(t)
		writersNeverTakeTheTimeBack(t, heartbeat.Where{Primary: primary, KeyFile: keyFile}, beatName, beatAt(t, primary))
	})
	t.Run("Kubernetes", func(t *testing.T) {
		t.Parallel()
		api := apiserver.Start(t, apiserver.Service("dns", "beat", corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "t0.heartbeat.invalid"}))
		where := heartbeat.Where{Kubernetes: true, Access: kube.Access{Kubeconfig: api.Kubeconfig(t)}}
		writersNeverTakeTheTimeBack(t, where, "beat.dns.svc.cluster.local", func() int64 {
			target, _, _ := strings.Cut(api.Service("dns", "beat").Spec.ExternalName, ".")
			return seconds(t, strings.TrimPrefix(target, "t"))
		})
	})
}

func writersNeverTakeTheTimeBack(t *testing.T, where heartbeat.Where, name string, read func() int64) {
	t.Helper()
	const writers, beats = 4, 12
	begin := time.Now()
	newest := begin.Add((writers - 1 + beats - 1) * time.Second).Unix()
	var writing sync.WaitGroup
	for ahead := range writers {
		w, err := where.Writer(name, lab.Patience)
		if err != nil {
			t.Fatal(err)
		}
		writing.Go(func() {
			for beat := range beats {
				if err := w.Write(t.Context(), begin.Add(time.Duration(ahead+beat)*time.Second)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { writing.Wait(); close(written) }()
	for last, reading := int64(0), true; reading; {
		select {
		case <-written:
			reading = false
		default:
		}
		now := read()
		if now < last {
			t.Fatalf("the time goes back from %d to %d", last, now)
		}
		if last = now; !reading && last != newest {
			t.Errorf("it ends at %d, want %d", last, newest)
		}
	}
}

// beatAt reads the record at a server, 0 without one.
func beatAt(t *testing.T, address string) func() int64 {
	return func() int64 {
		reply, err := dns.Exchange(lab.Query(beatName+".", dns.TypeTXT), address)
		if err != nil || len(reply.Answer) == 0 {
			return 0
		}
		if len(reply.Answer) != 1 {
			t.Errorf("there are %d records: %v", len(reply.Answer), reply.Answer)
		}
		return seconds(t, reply.Answer[0].(*dns.TXT).Txt[0])
	}
}

func seconds(t *testing.T, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Error(err)
	}
	return n
}

func writeKey(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	lab.Write(t, file, fmt.Sprintf("hmac-sha256:%s:%s\n", lab.TSIGKey, lab.TSIGSecret))
	return file
}

func startBIND(t *testing.T) *lab.BIND {
	t.Helper()
	bind := lab.NewBIND(t, lab.FreePort(t), map[string]string{"example.org": lab.ZoneText(1, lab.Lazy)})
	bind.Start(t)
	lab.AwaitAnswer(t, bind.Addr, lab.Query("example.org.", dns.TypeSOA))
	return bind
}

// A writer whose primary goes says so once, and that it goes on when the primary is back.
func TestAWriterThatIsCutOffSaysSoOnceAndGoesOn(t *testing.T) {
	t.Parallel()
	bind := startBIND(t)
	reader, writer := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: writer, Err: io.Discard},
			[]string{"heartbeat", beatName, "--primary", bind.Addr, "--tsig-file", writeKey(t), "--interval", "1s", "-o", "json"}, verbs)
		_ = writer.Close()
	}()
	changes := json.NewDecoder(reader)
	expect := func(want heartbeat.State) (c heartbeat.Change) {
		t.Helper()
		if err := changes.Decode(&c); err != nil {
			t.Fatal(err)
		}
		if c.State != want {
			t.Fatalf("it says %+v, want %s", c, want)
		}
		return c
	}
	if c := expect(heartbeat.Written); c.Name != beatName+"." || c.To != bind.Addr || c.After != 0 {
		t.Errorf("it begins with %+v", c)
	}
	bind.End(syscall.SIGTERM)
	gone := time.Now()
	if c := expect(heartbeat.CutOff); !strings.HasPrefix(c.Why, bind.Addr+": ") {
		t.Errorf("it says %+v", c)
	}
	next := make(chan heartbeat.Change, 1)
	go func() {
		var c heartbeat.Change
		_ = changes.Decode(&c)
		next <- c
	}()
	select {
	case c := <-next:
		t.Fatalf("it says %+v while nothing has changed", c)
	case <-time.After(3 * time.Second): // three more beats
	}
	bind.Start(t)
	if c := <-next; c.State != heartbeat.Written || c.After < 2 {
		t.Errorf("it says %+v", c)
	}
	if age := time.Since(time.Unix(beatAt(t, bind.Addr)(), 0)); age > time.Since(gone)-2*time.Second {
		t.Errorf("the heartbeat is %s old", age)
	}
	stop()
	_, _ = io.Copy(io.Discard, reader)
	if got := <-code; got != 0 {
		t.Errorf("it exits with %d", got)
	}
}
