// Package page shows people what GET /status says: the fleet as one server sees it. The document
// contains no script or style itself, so that the browser can refuse any that do not come from
// this server's files, and it reads well without a script.
package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

//go:embed page.html static
var files embed.FS

var document = template.Must(template.ParseFS(files, "page.html"))

// policy lets the page load what this server has, and nothing else, and nobody put it in a
// frame.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Routes are the requests that Handler answers.
var Routes = []string{"GET /{$}", "GET /static/{file}"}

// Handler serves the page and its files. status is how the server is now.
func Handler(status func() (s wire.Status, now time.Time)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		var text bytes.Buffer // so that an error leaves no half of a page
		if err := document.Execute(&text, viewOf(status())); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(text.Bytes())
	})
	mux.Handle("GET /static/{file}", http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}
