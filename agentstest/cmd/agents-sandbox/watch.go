package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// A watcher prints a line for each request that the service has answered.
type watcher struct {
	service http.Handler
	colour  bool

	mu  sync.Mutex
	out io.Writer
}

func (w *watcher) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	begin, what, resp := time.Now(), r.Method+" "+r.URL.EscapedPath(), &statusWriter{ResponseWriter: rw}
	if strings.HasSuffix(r.URL.Path, "/execute") {
		what += execution(r)
	}
	defer func() { w.print(resp.status, what, time.Since(begin)) }() // also if the service panics to break the connection
	w.service.ServeHTTP(resp, r)
}

// print prints the line about a request. A status of 0 means that there was no response.
func (w *watcher) print(status int, what string, took time.Duration) {
	const green, yellow, red = 32, 33, 31
	text, colour := fmt.Sprint(status), green
	switch {
	case status == 0:
		text, colour = "---", red
	case status >= http.StatusInternalServerError:
		colour = red
	case status >= http.StatusBadRequest:
		colour = yellow
	}
	if w.colour {
		text = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, text)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(w.out, "# %s %s %v\n", text, what, took.Round(time.Millisecond))
}

// execution returns the entity and the action that a request wants to run, and leaves
// its body to be read.
func execution(r *http.Request) string {
	head, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10)) // the service gets the error, too
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	var body struct{ Entity, Action string }
	if json.Unmarshal(head, &body) != nil || body.Action == "" {
		return ""
	}
	return fmt.Sprintf(" %.80q", body.Entity+"."+body.Action)
}

// A statusWriter keeps the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// isTerminal reports whether what is written goes to a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
