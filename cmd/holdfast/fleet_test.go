package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// startFleet starts so many servers, each of which hears all others and takes orders. The first is
// at $A1. The last one may not leave, and takes none.
func startFleet(ts *testscript.TestScript, _ bool, args []string) {
	n := int(args[0][0] - '0')
	servers := make([]*httptest.Server, n)
	for i := range servers {
		servers[i] = httptest.NewUnstartedServer(nil)
	}
	for i, s := range servers {
		it := &stub{control: i < n-1, status: wire.Status{Schema: wire.StatusSchema, ID: promise.ID(fmt.Sprint("id-", i)), Name: fmt.Sprint("ns", i+1), Version: "1.15.0", Holdfast: "0.1.0",
			State: promise.Serving, Since: time.Now(), InService: true, MayLeave: n - 1, MinPeers: 1, KnownPeers: n - 1, Departure: wire.Departure{OK: i < n-1}}}
		if i == n-1 {
			it.status.Departure.Why = "only 0 of 1 required peers would promise to stay"
		}
		for j, other := range servers {
			if j != i {
				it.status.Peers = append(it.status.Peers, wire.Peer{Address: other.Listener.Addr().String(), ID: promise.ID(fmt.Sprint("id-", j)), State: "serving"})
			}
		}
		s.Config.Handler = it
		s.Start()
		ts.Defer(s.Close)
		ts.Setenv(fmt.Sprint("A", i+1), s.Listener.Addr().String())
	}
}

// stub is a server that says what it is told.
type stub struct {
	mu      sync.Mutex
	status  wire.Status
	control bool // it takes orders
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPost && r.URL.Path == "/control" {
		if !s.control {
			http.Error(w, "orders are not accepted: selfpreserve has no control in the Corefile", http.StatusForbidden)
			return
		}
		var body wire.Control
		if err := wire.Decode(r.Body, true, &body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.status.Override = nil
		if body.Action != promise.Resume {
			s.status.Override = &wire.Override{Kind: string(body.Action), Reason: body.Reason}
		}
	} else if r.Method != http.MethodGet || r.URL.Path != "/status" {
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(s.status)
}
