//go:build unix

package selfpreserve

import (
	"os"
	"testing"
)

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

func TestWhatCannotBePolledIsWrittenTo(t *testing.T) {
	if !writableTo(os.NewFile(1<<20, "no such descriptor"))(0) {
		t.Error("it is never written to")
	}
}
