package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A DNS server keeps little and throws much away. The collector waits by default for as much
// garbage as there is live data, at least 4 MB: of a heap that small, at tens of thousands of
// queries a second, it is at work a tenth of the time. Here it waits for up to four times the
// live data, but never for more than spare, unless there is more live data than that: then it
// does as everywhere. So the process never takes more than spare above what it would without.
//
// Whoever sets GOGC or GOMEMLIMIT has decided otherwise.
const (
	spare      = 64 << 20 // octets
	leastGOGC  = 100      // Go's own
	mostGOGC   = 400
	liveMetric = "/gc/heap/live:bytes"
)

func init() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(mostGOGC)
		afterEachCollection(mostGOGC)
	}
}

// afterEachCollection fits GOGC, which is now percent, to the live data that the collector has
// found, for as long as the process runs: by an object that it finds unused each time.
func afterEachCollection(percent int) {
	sentinel := new([2]uint64) // no smaller, or it would be kept by others that it shares a block with
	runtime.AddCleanup(sentinel, func(before int) {
		sample := []metrics.Sample{{Name: liveMetric}}
		metrics.Read(sample)
		after := gogc(sample[0].Value.Uint64())
		if after != before {
			debug.SetGCPercent(after)
		}
		afterEachCollection(after)
	}, percent)
}

// gogc is what GOGC should be with so many octets live. It moves in steps of 10.
func gogc(live uint64) int {
	percent := spare * 100 / max(live, 1)
	return int(min(max(percent, leastGOGC), mostGOGC)) / 10 * 10
}
