package selfpreserve

import (
	"fmt"
	"io"
	golog "log"
	"os"
	"sync"
	"time"
)

// logWriter writes the log to an output that may block: a pipe that nobody reads, say. What
// does not fit waits, up to a bound, and then is lost: a decision, and SIGTERM, of which CoreDNS
// writes a line before it calls anybody, must not wait for whoever reads the log.
type logWriter struct {
	out      io.Writer
	writable func(wait time.Duration) bool // takes atOnceWritten octets without blocking

	mu      sync.Mutex
	waiting []byte
	lost    int // lines
	retry   *time.Timer
}

const (
	// maxWaiting bounds what waits: some thousand lines.
	maxWaiting = 1 << 20

	// outputPatience is how long a line waits for a reader who is merely slow, once.
	outputPatience = 100 * time.Millisecond

	// outputRetry is how often what waits is tried again while nothing more is written.
	outputRetry = 100 * time.Millisecond

	// lastPatience is how long a reader has for what waits when the process ends.
	lastPatience = time.Second
)

// unblockLog lets the log of the whole process go through a logWriter, if it goes to the
// standard output, where CoreDNS writes it.
func unblockLog() {
	if golog.Writer() == io.Writer(os.Stdout) {
		golog.SetOutput(&logWriter{out: os.Stdout, writable: writableTo(os.Stdout)})
	}
}

// flushLog lets a reader who is merely slow have the last lines before the process ends.
func flushLog() {
	if w, ok := golog.Writer().(*logWriter); ok {
		w.flushWithin(lastPatience)
	}
}

// flushWithin writes what waits, as far as it is taken within patience, or a reader is there.
// Others may write meanwhile.
func (w *logWriter) flushWithin(patience time.Duration) {
	for until := time.Now().Add(patience); ; {
		w.mu.Lock()
		w.flush()
		waits := len(w.waiting) > 0 || w.lost > 0
		w.mu.Unlock()
		if !waits || !w.writable(max(0, time.Until(until))) {
			return
		}
	}
}

// Write implements io.Writer for whole lines. It never fails: nobody could be told.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(w.waiting) == 0 && w.lost == 0 && len(line) <= atOnceWritten && w.writable(outputPatience): // nearly always
		_, _ = w.out.Write(line)
		return len(line), nil
	case len(w.waiting)+len(line) > maxWaiting:
		w.lost++
	default:
		w.waiting = append(w.waiting, line...)
	}
	w.flush()
	return len(line), nil
}

// flush writes what waits, as far as it is taken. Called with the lock.
func (w *logWriter) flush() {
	for len(w.waiting) > 0 || w.lost > 0 {
		if !w.writable(0) {
			if w.retry == nil {
				w.retry = time.AfterFunc(outputRetry, w.tryAgain)
			}
			return
		}
		if len(w.waiting) == 0 {
			w.waiting = fmt.Appendf(nil, "[WARNING] plugin/%s: %d lines of the log were lost: nobody read the standard output\n", pluginName, w.lost)
			w.lost = 0
		}
		some := min(len(w.waiting), atOnceWritten)
		_, _ = w.out.Write(w.waiting[:some])
		w.waiting = w.waiting[some:]
	}
	w.waiting = nil
}

func (w *logWriter) tryAgain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retry = nil
	w.flush()
}
