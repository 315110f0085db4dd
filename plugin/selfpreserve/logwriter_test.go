package selfpreserve

import (
	"bytes"
	"fmt"
	golog "log"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// reader reads what a logWriter writes, while it is awake or from when it awakes.
type reader struct {
	bytes.Buffer
	awake    bool
	awakesAt time.Time // not written any more
	longest  int
	waited   time.Duration
}

func (r *reader) writable(wait time.Duration) bool {
	if !r.awakesAt.IsZero() {
		sleeps := time.Until(r.awakesAt)
		time.Sleep(min(wait, sleeps))
		return sleeps <= wait
	}
	if !r.awake {
		time.Sleep(wait)
		r.waited += wait
	}
	return r.awake
}

func (r *reader) Write(p []byte) (int, error) {
	r.longest = max(r.longest, len(p))
	return r.Buffer.Write(p)
}

func TestALogThatNobodyReadsIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{awake: true}
		w := &logWriter{out: r, writable: r.writable}
		write := func(text string) {
			if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%d octets written, %v", n, err)
			}
		}
		write("one\n")
		if r.String() != "one\n" || r.waited != 0 {
			t.Errorf("%q after %s, want one line at once", r, r.waited)
		}
		r.awake = false
		begin := time.Now()
		var want strings.Builder
		want.WriteString("one\n")
		for i := range 3 * maxWaiting / 1024 {
			line := fmt.Sprintf("%01023d\n", i)
			if want.Len() < maxWaiting {
				want.WriteString(line)
			}
			write(line)
		}
		if took := time.Since(begin); took > outputPatience || len(w.waiting) > maxWaiting {
			t.Errorf("%d lines took %s, and %d octets wait", 3*maxWaiting/1024, took, len(w.waiting))
		}
		time.Sleep(time.Minute)
		w.mu.Lock() // a timer tries again
		if r.waited > outputPatience {
			t.Errorf("it waited for %s", r.waited)
		}
		r.awake = true
		w.mu.Unlock()
		time.Sleep(outputRetry)
		synctest.Wait()
		w.mu.Lock()
		want.WriteString("[WARNING] plugin/selfpreserve: 2048 lines of the log were lost: nobody read the standard output\n")
		if r.String() != want.String() {
			t.Errorf("%d octets were written, want %d; the last are %q", r.Len(), want.Len(), r.Bytes()[max(0, r.Len()-200):])
		}
		if r.longest > atOnceWritten {
			t.Errorf("%d octets were written at once", r.longest)
		}
		w.mu.Unlock()
		write("two\n")
		if !strings.HasSuffix(r.String(), "\ntwo\n") {
			t.Error("it does not go on")
		}
	})
}

// The process ends while the reader is slow, or is not there.
func TestTheLastLinesWaitForAReaderWhenTheProcessEnds(t *testing.T) {
	for _, c := range []struct {
		name         string
		awakes, took time.Duration // from when the process ends
		want         string
	}{
		{"slow", 300 * time.Millisecond, 300 * time.Millisecond, "one\ntwo\n"},
		{"asleep", time.Hour, lastPatience, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &reader{awakesAt: time.Now().Add(outputPatience + c.awakes)}
			w := &logWriter{out: r, writable: r.writable}
			for _, line := range []string{"one\n", "two\n"} {
				_, _ = w.Write([]byte(line))
			}
			before := golog.Writer()
			golog.SetOutput(w)
			defer golog.SetOutput(before)
			begin := time.Now()
			flushLog()
			w.mu.Lock()
			defer w.mu.Unlock()
			if took := time.Since(begin); r.String() != c.want || took != c.took {
				t.Errorf("%s: after %s %q is written, want %q after %s", c.name, took, r, c.want, c.took)
			}
			if w.retry != nil {
				w.retry.Stop()
			}
		})
	}
}
