package selfpreserve

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// lookUp is the name of all that live.
func (f *fleet) lookUp(_ context.Context, _ string, qtype uint16) (ips []netip.Addr, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.nodes {
		if qtype == dns.TypeA && !m.gone.Load() {
			ips = append(ips, m.address.Addr())
		}
	}
	return ips, nil
}

// sever sets what does not get through, by the places of two members.
func (f *fleet) sever(cut func(from, to int) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = cut
}

// wire carries requests of one member.
type wire struct {
	f    *fleet
	from *member
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.f.mu.Lock()
	to := w.f.at[r.URL.Host]
	from, peer := w.from.place, w.f.nodes[to]
	w.f.requests[r.Method+" "+r.URL.Path]++
	there, back, delay := !w.f.cut(from, to), !w.f.cut(to, from), w.f.delay
	w.f.mu.Unlock()
	time.Sleep(delay)
	if peer.gone.Load() {
		return nil, errors.New("connection refused")
	}
	recorder := httptest.NewRecorder()
	if there {
		in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.Path, r.Body)
		in.Header = r.Header
		in.RemoteAddr = netip.AddrPortFrom(w.from.address.Addr(), 40000).String()
		peer.serves.ServeHTTP(recorder, in)
	}
	if !there || !back {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	time.Sleep(delay)
	w.f.mu.Lock()
	w.f.octets += int(max(0, r.ContentLength)) + recorder.Body.Len()
	w.f.mu.Unlock()
	return recorder.Result(), r.Context().Err()
}
