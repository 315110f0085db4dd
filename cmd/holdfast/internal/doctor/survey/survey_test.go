package survey

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a server that has peers, by their addresses, and says what it is told.
type fake struct {
	*httptest.Server
	id string

	mu    sync.Mutex
	peers []string
	says  http.HandlerFunc // nil for a status
}

func (f *fake) tell(says http.HandlerFunc, peers ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.says, f.peers = says, peers
}

func start(t *testing.T, id string, isTLS bool) *fake {
	t.Helper()
	f := &fake{id: id}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/status" {
			t.Errorf("it is asked for %s %s", r.Method, r.URL)
		}
		f.mu.Lock()
		says, known := f.says, f.peers
		f.mu.Unlock()
		if says != nil {
			says(w, r)
			return
		}
		var peers []string
		for _, p := range known {
			peers = append(peers, fmt.Sprintf(`{"address": %q, "state": "serving"}`, p))
		}
		fmt.Fprintf(w, `{"id": %q, "name": "host-%s", "state": "serving", "peers": [%s], "later": true}`, f.id, f.id, strings.Join(peers, ", "))
	})
	if isTLS {
		f.Server = httptest.NewUnstartedServer(handler)
		f.Config.ErrorLog = log.New(io.Discard, "", 0) // HTTP is tried first
		f.StartTLS()
	} else {
		f.Server = httptest.NewServer(handler)
	}
	t.Cleanup(f.Close)
	return f
}

func (f *fake) address() string { return f.Listener.Addr().String() }

// ids are those of who answered, and the errors of the others.
func ids(all []Answer) (found []string) {
	for _, a := range all {
		if a.Status != nil {
			found = append(found, string(a.Status.ID))
		} else {
			found = append(found, a.Err.Error())
		}
	}
	return found
}

// A fleet of which each server sees only a part is found whole from one address.
func TestAllAreFoundFromOne(t *testing.T) {
	a, b, c, d := start(t, "a", false), start(t, "b", false), start(t, "c", false), start(t, "d", false)
	a.tell(nil, b.address())
	b.tell(nil, a.address(), c.address())
	c.tell(nil, d.address(), c.address())
	again := start(t, "b", false) // another address of b
	d.tell(nil, again.address())
	all := Gather(t.Context(), []string{a.address()}, time.Minute)
	have := ids(all)
	if slices.Sort(have); !slices.Equal(have, []string{"a", "b", "c", "d"}) || all[0].Address != a.address() {
		t.Errorf("they are %q", have)
	}
}

func TestWhoDoesNotAnswerIsThereToo(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	a := start(t, "a", false)
	a.tell(nil, gone.Listener.Addr().String(), "localhost:1", "", "127.0.0.1", "127.0.0.1:1/x")
	all := Gather(t.Context(), []string{a.address()}, time.Minute)
	if have := ids(all); len(have) != 2 || have[0] != "a" || !strings.Contains(have[1], "refused") {
		t.Errorf("they are %q", have)
	}
}

func TestWhatAServerSendsInPlaceOfAStatus(t *testing.T) {
	send := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	a := start(t, "a", false)
	for want, says := range map[string]http.HandlerFunc{
		"its reply is not a /status document: ":                                          send("<html>"),
		"its reply is not a /status document: name or version is longer than 256 octets": send(`{"id": "a", "name": "` + strings.Repeat("n", 257) + `"}`),
		"its reply is not a /status document: id":                                        send("{}"),
		"it replied 404 Not Found: is selfpreserve running there?":                       http.NotFound,
		"it replied 302 Found: is selfpreserve running there?":                           http.RedirectHandler("http://192.0.2.1/", http.StatusFound).ServeHTTP,
		fmt.Sprintf("it sent more than %d octets", maxStatus):                            send(strings.Repeat(" ", maxStatus+1)),
		"no answer within 100ms":                                                         func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"EOF":                                                                            func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		a.tell(says)
		timeout := time.Minute
		if strings.HasPrefix(want, "no answer") {
			timeout = 100 * time.Millisecond
		}
		if have := ids(Gather(t.Context(), []string{a.address()}, timeout)); len(have) != 1 || !strings.HasPrefix(have[0], want) {
			t.Errorf("it is %q, want %s", have, want)
		}
	}
}

// A server that never ends its answer is heard for as long as the timeout, and a stop is heeded.
func TestNobodyIsWaitedForLonger(t *testing.T) {
	a := start(t, "a", false)
	a.tell(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-time.After(time.Millisecond):
			case <-r.Context().Done():
			}
		}
	})
	if have := ids(Gather(t.Context(), []string{a.address()}, 100*time.Millisecond)); len(have) != 1 || !strings.HasPrefix(have[0], "no answer within 100ms") {
		t.Errorf("it is %q", have)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_ = Gather(ctx, []string{a.address()}, time.Hour)
}

func TestHTTPSIsTakenAndItsCertificateShown(t *testing.T) {
	a := start(t, "a", true)
	all := Gather(t.Context(), []string{a.address()}, time.Minute)
	if have := ids(all); !slices.Equal(have, []string{"a"}) || len(all[0].Certificates) != 1 || !all[0].Certificates[0].Equal(a.Certificate()) {
		t.Errorf("it is %q with %d certificates", have, len(all[0].Certificates))
	}
}

func TestClocksAreComparedByTheDate(t *testing.T) {
	sent := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	came := sent.Add(2 * time.Second)
	clock, doubt := clockOf("Tue, 01 Dec 2026 12:01:00 GMT", sent, came)
	if clock != 59500*time.Millisecond || doubt != 1500*time.Millisecond {
		t.Errorf("it is %s ahead, give or take %s", clock, doubt)
	}
	if clock, doubt := clockOf("", sent, came); clock != 0 || doubt != 0 {
		t.Errorf("without a Date it is %s ahead, give or take %s", clock, doubt)
	}
	a := start(t, "a", false)
	if all := Gather(t.Context(), []string{a.address()}, time.Minute); all[0].Doubt == 0 || max(all[0].Clock, -all[0].Clock) > all[0].Doubt {
		t.Errorf("this host's own clock is %s ahead, give or take %s", all[0].Clock, all[0].Doubt)
	}
}

func TestAddressesAreAsPeopleWriteThem(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:8182", "192.0.2.1:80": "192.0.2.1:80", "2001:db8::1": "[2001:db8::1]:8182",
		"[2001:db8::1]": "[2001:db8::1]:8182", "[2001:db8::1]:80": "[2001:db8::1]:80", "dns.example.org": "dns.example.org:8182",
	} {
		if have, err := HostPort(address); err != nil || have != want {
			t.Errorf("%s is %s, %v, want %s", address, have, err, want)
		}
	}
	for _, address := range []string{"", ":8182", "a:b:c", "a:0", "a:65536", "http://a", "a/status", "a b", "a:"} {
		if have, err := HostPort(address); err == nil || !strings.Contains(err.Error(), "want ") {
			t.Errorf("%q is %s, %v", address, have, err)
		}
	}
}
