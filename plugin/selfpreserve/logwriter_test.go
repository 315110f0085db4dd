package selfpreserve

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// reader reads what a logWriter writes, for as long as it is awake.
type reader struct {
	bytes.Buffer
	awake   bool
	longest int
	waited  time.Duration
}

func (r *reader) writable(wait time.Duration) bool {
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
		if r.waited > outputPatience {
			t.Errorf("it waited for %s", r.waited)
		}
		r.awake = true
		time.Sleep(outputRetry)
		synctest.Wait()
		want.WriteString("[WARNING] plugin/selfpreserve: 2048 lines of the log were lost: nobody read the standard output\n")
		if r.String() != want.String() {
			t.Errorf("%d octets were written, want %d; the last are %q", r.Len(), want.Len(), r.Bytes()[max(0, r.Len()-200):])
		}
		if r.longest > atOnceWritten {
			t.Errorf("%d octets were written at once", r.longest)
		}
		write("two\n")
		if !strings.HasSuffix(r.String(), "\ntwo\n") {
			t.Error("it does not go on")
		}
	})
}

func TestAPipeIsWritableUntilItIsFullAndWhileSomebodyReads(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	writable := writableTo(in)
	written := 0
	for ; writable(0) && written < 1<<24; written += atOnceWritten {
		if _, err := in.Write(make([]byte, atOnceWritten)); err != nil {
			t.Fatal(err)
		}
	}
	if written == 0 || written == 1<<24 {
		t.Errorf("it was full after %d octets", written)
	}
	if _, err := out.Read(make([]byte, 2*atOnceWritten)); err != nil || !writable(0) {
		t.Errorf("it is not writable, though somebody has read: %v", err)
	}
	if _ = out.Close(); writable(0) {
		t.Error("it is writable, though nobody can read")
	}
}
