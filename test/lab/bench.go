package lab

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// BenchZone has the answers of cluster DNS; all TTLs are low, so that each is raised.
func BenchZone() string {
	var b strings.Builder
	b.WriteString("$ORIGIN example.org.\n@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 2\n@ 3600 IN NS ns\n")
	for i := range 100 {
		fmt.Fprintf(&b, "svc%d 2 IN A 10.0.0.%d\n", i, i)
	}
	for i := range 25 {
		fmt.Fprintf(&b, "headless 2 IN A 10.0.1.%d\n", i)
	}
	b.WriteString("_http._tcp.web 2 IN SRV 0 50 80 svc1\n_http._tcp.web 2 IN SRV 0 50 80 svc2\n")
	return b.String()
}

// BenchQueries is dnsperf's input: of 100 queries 85 ask for one address, 5 for 25, 5
// for SRV, and 5 for a name that is not there.
func BenchQueries() string {
	var b strings.Builder
	for i := range 100 {
		switch i % 20 {
		case 0:
			b.WriteString("headless.example.org A\n")
		case 5:
			b.WriteString("_http._tcp.web.example.org SRV\n")
		case 10:
			fmt.Fprintf(&b, "gone%d.example.org A\n", i)
		default:
			fmt.Fprintf(&b, "svc%d.example.org A\n", i)
		}
	}
	return b.String()
}

// Median is the one in the middle.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// CPUTime is what a process has used, in seconds: fields utime and stime of proc(5).
func CPUTime(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, behindName, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(behindName)
	const clockTicks = 100 // USER_HZ, the same on every Linux that Go runs on
	utime, _ := strconv.ParseFloat(fields[11], 64)
	stime, _ := strconv.ParseFloat(fields[12], 64)
	return (utime + stime) / clockTicks
}
