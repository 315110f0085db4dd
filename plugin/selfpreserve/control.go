package selfpreserve

import (
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

var (
	controlTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "control_requests_total",
		Help:      "Counter of orders by hand that were accepted, per action.",
	}, []string{"action"})

	controlRejectedTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace,
		Subsystem: pluginName,
		Name:      "rejected_control_requests_total",
		Help:      "Counter of orders that were refused, per reason.",
	}, []string{"reason"})
)

// Why an order is not taken, beside stranger and malformed.
const (
	controlOff = "off"
	browser    = "browser"
)

// serveControl takes an operator's order. It goes before the rule, so nobody may give it who
// could not stop the process as well: somebody on this host, or with a certificate.
func (n *node) serveControl(w http.ResponseWriter, r *http.Request) {
	who, status, reason, err := n.operator(r)
	if err != nil {
		n.rejectControl(w, r, status, reason, err)
		return
	}
	var body wire.Control
	if status, err := decodeBody(w, r, &body); err != nil {
		n.rejectControl(w, r, status, malformed, err)
		return
	}
	order, err := body.Override()
	if err != nil {
		n.rejectControl(w, r, http.StatusBadRequest, malformed, err)
		return
	}
	n.order(order, who)
	writeJSON(w, http.StatusOK, n.status(time.Now()))
}

// order is an operator's, logged and obeyed under one lock: of two at once the last that is
// logged is in force. who gave it is for people.
func (n *node) order(o promise.Override, who string) {
	controlTotal.WithLabelValues(string(o.Kind)).Inc()
	n.mu.Lock()
	defer n.mu.Unlock()
	log.Warningf("Operator at %s ordered %s: %s", who, o.Kind, o.Reason)
	n.record(fmt.Sprintf("operator at %s ordered %s", who, o.Kind), o.Reason)
	n.take(o)
}

// operator returns who gives an order, or with which HTTP status and for which of the reasons
// that are counted it is not taken.
func (n *node) operator(r *http.Request) (who string, status int, reason string, err error) {
	conf := n.shown.Load().conf
	if !conf.control {
		return "", http.StatusForbidden, controlOff, errors.New("orders are not accepted: selfpreserve has no control in the Corefile")
	}
	who, certified := r.RemoteAddr, false
	if conf.tls != nil && r.TLS != nil && signedBy(conf.tls.ClientCAs, r.TLS.PeerCertificates) {
		who, certified = wire.Line(fmt.Sprintf("%s (%s)", r.RemoteAddr, r.TLS.PeerCertificates[0].Subject)), true
	}
	if !certified && !fromLoopback(r) {
		return "", http.StatusForbidden, stranger, errors.New("orders are accepted only from a loopback address, or with a certificate that the CA of tls has signed")
	}
	if header := passedOn(r.Header); header != "" {
		return "", http.StatusForbidden, stranger, fmt.Errorf("this order came through a proxy (header %s): orders have to be sent directly", header)
	}
	// A browser on this host must not carry the orders of a web page here: it would come from
	// loopback. It says in Origin whose page it is, may not send JSON to another site, and what it
	// reaches by a name that the page's owner has pointed to 127.0.0.1 (DNS rebinding) has
	// that name as Host.
	switch {
	case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
		return "", http.StatusForbidden, browser, errors.New("orders are not accepted from a browser")
	case !certified && !isAddress(r.Host):
		return "", http.StatusForbidden, browser, fmt.Errorf("host %.80q is not an IP address: want one such as 127.0.0.1 in the URL, since a web page could use a name", r.Host)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return "", http.StatusUnsupportedMediaType, malformed, fmt.Errorf("content type %.80q: want application/json", r.Header.Get("Content-Type"))
	}
	return who, 0, "", nil
}

// passedOn is the header by which a proxy says that it passes a request on (RFC 7239, RFC 9110
// section 7.6.3, and what many write), or "". One on this host, such as a mesh's sidecar, makes
// everybody's requests come from loopback, or brings its own certificate.
func passedOn(headers http.Header) string {
	for header := range headers {
		if header == "Forwarded" || header == "Via" || strings.HasPrefix(header, "X-Forwarded-") {
			return header
		}
	}
	return ""
}

// fromLoopback is whether a request comes from this host, or is passed on by a proxy on it that
// does not say so.
func fromLoopback(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().IsLoopback()
}

func isAddress(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	} else if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

func (n *node) rejectControl(w http.ResponseWriter, r *http.Request, status int, reason string, err error) {
	controlRejectedTotal.WithLabelValues(reason).Inc()
	n.refuse(w, r, status, err)
}
