package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/heartbeat"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/kube"
	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// A clock that is ten minutes slow finds every heartbeat ahead of it.
func TestAWriterWithASlowClockDoesNotTakeTheTimeBack(t *testing.T) {
	t.Parallel()
	now := time.Now()
	refuses := func(t *testing.T, w heartbeat.Writer) {
		t.Helper()
		if err := w.Write(t.Context(), now); err == nil || !strings.Contains(err.Error(), " is 10m0s ahead of this clock: not overwritten") {
			t.Errorf("it says %v", err)
		}
	}
	t.Run("BIND", func(t *testing.T) {
		t.Parallel()
		bind := startBIND(t)
		w, err := (&heartbeat.Where{Primary: bind.Addr, KeyFile: writeKey(t)}).Writer(beatName, lab.Patience)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(t.Context(), now.Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
		refuses(t, w)
		if got, want := beatAt(t, bind.Addr)(), now.Add(10*time.Minute).Unix(); got != want {
			t.Errorf("it is %d, want %d", got, want)
		}
	})
	t.Run("Kubernetes", func(t *testing.T) {
		t.Parallel()
		api := apiserver.Start(t, apiserver.Service("dns", "beat", corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "t0.heartbeat.invalid"}))
		w, err := (&heartbeat.Where{Kubernetes: true, Access: kube.Access{Kubeconfig: api.Kubeconfig(t)}}).Writer("beat.dns.svc.cluster.local", lab.Patience)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(t.Context(), now.Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
		before := api.Service("dns", "beat").Spec.ExternalName
		refuses(t, w)
		if got := api.Service("dns", "beat").Spec.ExternalName; got != before {
			t.Errorf("it is %s, want %s", got, before)
		}
	})
}

func TestAWriterThatEndsWhileItIsCutOffExitsWithOne(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: writer, Err: io.Discard},
			[]string{"heartbeat", beatName, "--primary", "127.0.0.1:" + lab.FreePort(t), "--zone", "example.org"}, verbs)
		_ = writer.Close()
	}()
	if _, err := reader.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	stop()
	if got := <-code; got != 1 {
		t.Errorf("it exits with %d, want 1", got)
	}
}
