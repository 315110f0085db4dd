package ttlfloor

import (
	"context"
	"errors"

	"github.com/miekg/dns"
)

var errNilMessage = errors.New("ttlfloor: response message is nil")

// responseWriter raises the TTLs of the messages that pass. Replies that a plugin
// packed itself and hands to Write pass unchanged.
type responseWriter struct {
	dns.ResponseWriter
	floor *TTLFloor
	ctx   context.Context // of the query, for the metric's labels
	zone  *zone
}

// WriteMsg implements the dns.ResponseWriter interface.
func (w *responseWriter) WriteMsg(m *dns.Msg) error {
	if m == nil {
		return errNilMessage
	}
	out, reasons := w.floor.raise(m)
	if reasons != 0 {
		w.count(reasons)
	}
	return w.ResponseWriter.WriteMsg(out)
}

func (w *responseWriter) count(reasons Reason) {
	counters := &w.zone.countersFor(w.ctx).byReason
	for i := range reasonNames {
		if reasons&(1<<i) != 0 {
			counters[i].Inc()
		}
	}
}
