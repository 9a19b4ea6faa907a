package lean_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/internal/lean"
)

// TestServer sends several requests with net/http on one connection.
func TestServer(t *testing.T) {
	page, file := lean.JSON(`{"a":1}`), lean.File(1<<20)
	s, err := lean.Start(func(target []byte) *lean.Reply {
		switch string(target) {
		case "/page?x=1":
			return page
		case "/file":
			return file
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hc := &http.Client{Transport: &http.Transport{}}
	for range 3 {
		for _, want := range []struct {
			path, kind string
			status     int
			length     int64
		}{
			{"/page?x=1", "application/json", 200, 7}, {"/file", "application/octet-stream", 200, 1 << 20}, {"/other", "application/json", 404, 2},
		} {
			resp, err := hc.Post(s.URL+want.path, "text/plain", strings.NewReader(strings.Repeat("body ", 2000)))
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if err != nil || n != want.length || resp.StatusCode != want.status || resp.Header.Get("Content-Type") != want.kind {
				t.Errorf("%s: %d %v, %d bytes, %v", want.path, resp.StatusCode, resp.Header, n, err)
			}
		}
	}
	if s.Accepted() != 1 || s.Open() != 1 || s.Peak() != 1 {
		t.Errorf("%d connections, %d open, peak %d; want 1 each", s.Accepted(), s.Open(), s.Peak())
	}
}
