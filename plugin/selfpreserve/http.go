package selfpreserve

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/page"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// handler serves people and probes (the page, /ready, /status, /control), and peers (/peer,
// /promise).
func (n *node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", n.serveReady)
	mux.HandleFunc("GET /status", n.serveStatus)
	people := page.Handler(func() (wire.Status, time.Time) {
		now := time.Now()
		return n.status(now), now
	})
	for _, route := range page.Routes {
		mux.Handle(route, people)
	}
	mux.HandleFunc("POST /control", n.serveControl)
	mux.HandleFunc("GET /peer", versioned(n.servePoll))
	mux.HandleFunc("POST /promise", versioned(n.servePromise))
	mux.HandleFunc("DELETE /promise", versioned(n.serveRelease))
	return mux
}

// versioned says which version of the wire the reply of serve has.
func versioned(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(wire.HeaderVersion, strconv.Itoa(wire.Version))
		serve(w, r)
	}
}

// serveReady has no lock to wait for. It notes that somebody asks: what nobody reads takes no
// server out of service.
func (n *node) serveReady(w http.ResponseWriter, _ *http.Request) {
	v, now := n.view.Load(), n.now()
	n.readyAt.Store(int64(max(1, now)))
	if !v.InService {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = io.WriteString(w, readiness(v, now))
}

// readyAsked is when /ready was last asked for, and false if it never was.
func (n *node) readyAsked() (time.Duration, bool) {
	at := time.Duration(n.readyAt.Load())
	return at, at > 0
}

// readiness is the text of /ready.
func readiness(v *promise.View, now time.Duration) string {
	switch {
	case !v.Observe:
	case v.InService:
		return "OK"
	case v.Terminating:
		return "LEAVING"
	default:
		return "STARTING"
	}
	switch v.State {
	case promise.Serving:
		return "OK"
	case promise.Asking:
		if v.Terminating {
			return fmt.Sprintf("PRESERVED: %s; leaves in %s at the latest", v.Why, left(v.Deadline-now))
		}
		return "PRESERVED: " + v.Why
	case promise.Aside:
		return "ASIDE: " + v.Why
	}
	return strings.ToUpper(v.State.String())
}

// servePoll tells anybody who this server is, and heeds what a known peer says of itself.
func (n *node) servePoll(w http.ResponseWriter, r *http.Request) {
	it := wire.Hello{ID: promise.ID(r.Header.Get(wire.HeaderID)), Outcome: promise.Outcome(r.Header.Get(wire.HeaderOutcome))}
	heeded := it.Validate() == nil && it.State.UnmarshalText([]byte(r.Header.Get(wire.HeaderState))) == nil && n.isPeer(r)
	n.mu.Lock()
	if heeded {
		n.roster.Polled(n.now(), it.ID, it.State)
		if it.LeavesOnPromises() {
			n.roster.LeavesOnPromises(it.ID)
		}
		n.showPeers()
	}
	me := n.me()
	n.mu.Unlock()
	writeJSON(w, http.StatusOK, me)
}

func (n *node) servePromise(w http.ResponseWriter, r *http.Request) {
	var body wire.Ask
	if !n.read(w, r, &body) {
		return
	}
	request, err := body.Request()
	if err != nil {
		n.reject(w, r, http.StatusBadRequest, malformed, err)
		return
	}
	reply := n.step(promise.Requested{Request: request})
	status := http.StatusOK
	if !reply.Granted {
		status = http.StatusConflict
	}
	writeJSON(w, status, wire.ReplyOf(reply))
}

func (n *node) serveRelease(w http.ResponseWriter, r *http.Request) {
	var body wire.Release
	if !n.read(w, r, &body) {
		return
	}
	if err := wire.ValidateID(body.ID); err != nil {
		n.reject(w, r, http.StatusBadRequest, malformed, err)
		return
	}
	n.step(promise.Released{From: body.ID, Number: body.Number})
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(body)
}
