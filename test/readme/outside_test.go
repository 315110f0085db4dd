package readme

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Links that leave the repository are whole, and HTTPS. With HOLDFAST_LINKS=1, as make links sets
// it, each has to lead to a page. Those to this repository on GitHub do once it is published.
func TestLinksOutsideAreHTTPS(t *testing.T) {
	const ours = "https://github.com/holdfastdns/"
	pages := make(map[string]string) // of each link, a file that has it
	for file, text := range textsOf(t, "*.md") {
		for _, link := range linksIn(text) {
			if target, err := url.Parse(link); err == nil && target.Scheme != "" {
				pages[link] = file
			}
		}
	}
	if len(pages) < 20 {
		t.Errorf("%d links, want those of README.md at least", len(pages))
	}
	for _, link := range slices.Sorted(maps.Keys(pages)) {
		if why := malformed(link); why != "" {
			t.Errorf("%s links to %s: %s", pages[link], link, why)
		} else if os.Getenv("HOLDFAST_LINKS") != "" && !strings.HasPrefix(link, ours) {
			if why := unreachable(t.Context(), link); why != "" {
				t.Errorf("%s links to %s: %s", pages[link], link, why)
			}
		}
	}
}

var host = regexp.MustCompile(`^([a-z0-9-]+\.)+[a-z]{2,}$`)

// malformed returns what is wrong with a link as it is written, or "".
func malformed(link string) string {
	target, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case target.Scheme != "https":
		return "want https"
	case !host.MatchString(target.Host) || target.User != nil:
		return "want the name of a host alone"
	case strings.Contains(link, "example.org"):
		return "want a page that is there"
	}
	return ""
}

// unreachable returns why a link leads to no page, or "". Some sites tell programs to go away,
// whatever the page: that is no fault of the link.
func unreachable(ctx context.Context, link string) string {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	switch code := response.StatusCode; code {
	case http.StatusOK, http.StatusForbidden, http.StatusTooManyRequests:
		return ""
	default:
		return fmt.Sprint("it says ", code)
	}
}

// A link that is wrong is told from one that is right.
func TestLinksOutsideAreJudged(t *testing.T) {
	for link, fine := range map[string]bool{
		"https://coredns.io/plugins/forward#x": true, "http://coredns.io": false, "https://localhost/x": false, "https://me@coredns.io": false,
		"ftp://coredns.io": false, "https:/coredns.io": false, "https://www.example.org/": false, "https://192.0.2.1/": false,
	} {
		if why := malformed(link); (why == "") != fine {
			t.Errorf("%s: %q", link, why)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/gone":
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for path, fine := range map[string]bool{"/": true, "/moved": true, "/gone": false} {
		if why := unreachable(t.Context(), server.URL+path); (why == "") != fine {
			t.Errorf("%s: %q", path, why)
		}
	}
}
