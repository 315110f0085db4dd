package test

import (
	"io"
	"net/http"
	"testing"
)

// scrape returns the metrics at an address.
func scrape(t testing.TB, addr string) string {
	t.Helper()
	return fetch(t, "http://"+addr+"/metrics")
}

// fetch returns the body at a URL, whatever its status.
func fetch(t testing.TB, url string) string {
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
