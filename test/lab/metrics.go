package lab

import (
	"io"
	"net/http"
	"testing"
)

// Scrape returns the metrics at an address.
func Scrape(t testing.TB, addr string) string {
	t.Helper()
	return Fetch(t, "http://"+addr+"/metrics")
}

// Fetch returns the body at a URL, whatever its status.
func Fetch(t testing.TB, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
