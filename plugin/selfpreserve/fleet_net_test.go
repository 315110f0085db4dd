package selfpreserve

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
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

// link carries requests of one member.
type link struct {
	f    *fleet
	from *member
}

func (l link) RoundTrip(r *http.Request) (*http.Response, error) {
	l.f.mu.Lock()
	to := l.f.at[r.URL.Host]
	from, peer := l.from.place, l.f.nodes[to]
	l.f.requests[r.Method+" "+r.URL.Path]++
	there, back, delay := !l.f.cut(from, to), !l.f.cut(to, from), l.f.delay
	l.f.mu.Unlock()
	time.Sleep(delay)
	if peer.gone.Load() {
		return nil, errors.New("connection refused")
	}
	recorder := httptest.NewRecorder()
	if there {
		in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.Path, r.Body)
		in.Header = r.Header
		in.RemoteAddr = netip.AddrPortFrom(l.from.address.Addr(), 40000).String()
		peer.serves.ServeHTTP(recorder, in)
	}
	if !there || !back {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	time.Sleep(delay)
	l.f.mu.Lock()
	l.f.octets += onTheWire(r.Method+r.URL.Path, r.Header, int(max(0, r.ContentLength))) + onTheWire("200 OK", recorder.Header(), recorder.Body.Len())
	l.f.mu.Unlock()
	return recorder.Result(), r.Context().Err()
}

// onTheWire is how many octets a message of HTTP/1.1 has, with a first line, what net/http adds
// to the headers, and a body.
func onTheWire(first string, header http.Header, body int) int {
	var headers strings.Builder
	_ = header.Write(&headers)
	return len(first+" HTTP/1.1\r\n"+"Host: 10.0.0.100:8182\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 100\r\n\r\n") + headers.Len() + body
}
