package kube

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// lists asks an API server that replies as said for pods and for an object, and returns what went wrong.
func lists(t *testing.T, timeout time.Duration, reply http.HandlerFunc) (pods, raw error) {
	t.Helper()
	server := httptest.NewServer(reply)
	t.Cleanup(server.Close)
	api := apiserver.Start(t)
	api.URL = server.URL
	client, err := (&Access{Kubeconfig: api.Kubeconfig(t)}).Connect(timeout)
	if err != nil {
		t.Fatal(err)
	}
	_, pods = client.Pods(t.Context(), "kube-system", "a=b")
	_, raw = client.Raw(t.Context(), "/api/v1/namespaces/kube-system/configmaps")
	return pods, raw
}

func TestAnEndlessReplyIsAnError(t *testing.T) {
	pods, raw := lists(t, time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		junk := make([]byte, 1<<20)
		for range 2 * maxBody / len(junk) {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	})
	for _, err := range []error{pods, raw} {
		if err == nil || err.Error() != "the API server's reply is longer than 64 MiB" {
			t.Errorf("%.300v", err)
		}
	}
}

// client-go would write a line of its own.
func TestASlowReplyIsOneShortError(t *testing.T) {
	stderr, before := filepath.Join(t.TempDir(), "stderr"), os.Stderr
	file, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = file
	t.Cleanup(func() { os.Stderr = before; _ = file.Close() })
	pods, raw := lists(t, 200*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	for _, err := range []error{pods, raw} {
		if err == nil || err.Error() != "no answer in time from the API server" {
			t.Errorf("%v", err)
		}
	}
	if text, err := os.ReadFile(stderr); err != nil || len(text) > 0 {
		t.Errorf("stderr has %q, %v", text, err)
	}
}
