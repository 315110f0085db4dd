package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

// What waits for the collector is at most what may be spare, or what is live.
func TestGarbageIsBounded(t *testing.T) {
	for live := uint64(0); live < 1<<30; live += 1<<19 + 1 {
		percent := gogc(live)
		if garbage := live * uint64(percent) / 100; garbage > max(live, spare) {
			t.Fatalf("%d octets of garbage beside %d live", garbage, live)
		}
		if percent < leastGOGC || percent > mostGOGC {
			t.Fatalf("GOGC %d with %d octets live", percent, live)
		}
	}
	if gogc(4<<20) != mostGOGC || gogc(1<<30) != leastGOGC {
		t.Errorf("GOGC is %d of 4 MiB, %d of 1 GiB", gogc(4<<20), gogc(1<<30))
	}
}

func TestGOGCFollowsTheLiveData(t *testing.T) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		debug.SetGCPercent(mostGOGC) // as init does where nobody has set them
		afterEachCollection(mostGOGC)
	}
	awaitGOGC(t, mostGOGC)
	live := make([]byte, 2*spare)
	awaitGOGC(t, leastGOGC)
	runtime.KeepAlive(live)
	live = nil
	awaitGOGC(t, mostGOGC)
}

// awaitGOGC collects until GOGC is what it should be: it is set behind a collection.
func awaitGOGC(t *testing.T, want uint64) {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	for range 1000 {
		runtime.GC()
		runtime.Gosched()
		if metrics.Read(sample); sample[0].Value.Uint64() == want {
			return
		}
	}
	t.Fatalf("GOGC is %d, want %d", sample[0].Value.Uint64(), want)
}
