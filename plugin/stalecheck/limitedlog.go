package stalecheck

import (
	"sync"
	"time"
)

// limitedLogs keep the log short when the same thing happens to a thousand zones. Sources
// have a limit of their own, so that their lines do not crowd out those of the zones.
type limitedLogs struct{ zones, sources limitedLog }

// limitedLog writes a few lines a minute. The metrics have what it leaves out.
type limitedLog struct {
	mu      sync.Mutex
	begin   time.Time // of the minute
	written int
}

const (
	logWindow      = time.Minute
	linesPerWindow = 20
)

func (l *limitedLog) warningf(now time.Time, format string, args ...any) {
	if l.take(now) {
		log.Warningf(format, args...)
	}
}

func (l *limitedLog) infof(now time.Time, format string, args ...any) {
	if l.take(now) {
		log.Infof(format, args...)
	}
}

// take reports whether a line may be written. It logs once when lines begin to be left out.
func (l *limitedLog) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.begin) >= logWindow || now.Before(l.begin) {
		l.begin, l.written = now, 0
	}
	l.written++
	if l.written == linesPerWindow+1 {
		log.Warningf("More than %d changes within %s: the rest is not logged, see the metrics", linesPerWindow, logWindow)
	}
	return l.written <= linesPerWindow
}
