package stalecheck

import (
	"sync"
	"time"
)

// journal bounds what is logged when the same thing happens to a thousand zones. What
// is said of their sources must not drown what is said of the zones.
type journal struct{ zones, sources lines }

// lines are those of a minute. Who has more zones to hear of reads the metrics.
type lines struct {
	mu      sync.Mutex
	begin   time.Time
	written int
}

const (
	window    = time.Minute
	perWindow = 20
)

func (l *lines) warningf(now time.Time, format string, args ...any) {
	if l.take(now) {
		log.Warningf(format, args...)
	}
}

func (l *lines) infof(now time.Time, format string, args ...any) {
	if l.take(now) {
		log.Infof(format, args...)
	}
}

// take reports whether a line may be written. The first that may not says so itself.
func (l *lines) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.begin) >= window || now.Before(l.begin) {
		l.begin, l.written = now, 0
	}
	l.written++
	if l.written == perWindow+1 {
		log.Warningf("More changes within %s than are logged, see the metrics", window)
	}
	return l.written <= perWindow
}
