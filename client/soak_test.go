package client_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// TestSoak does what a busy service does for months, in the time that SOAK
// sets, such as 60s ("make soak"): 64 workers, tokens of two seconds, a token
// endpoint that fails every third time, and tokens that are refused before they
// expire. No call may fail.
func TestSoak(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("SOAK does not say for how long")
	}
	length, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		t.Fatal(err)
	}
	const workers = 64
	fake := agentstest.New(agentstest.WithTokenLifetime(2 * time.Second))
	rough := &roughService{next: fake, uses: map[string]int{}}
	srv := httptest.NewServer(rough)
	defer srv.Close()

	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	defer transport.CloseIdleConnections()
	github, err := client.Connect(t.Context(), "github", client.WithBaseURL(srv.URL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	var calls, failed atomic.Int64
	end := time.Now().Add(length)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for time.Now().Before(end) {
				_, _, err := client.Execute[[]struct {
					Number int `json:"number"`
				}](t.Context(), github, "issues", "list", client.Params{"per_page": 5})
				calls.Add(1)
				if err != nil && failed.Add(1) <= 5 {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d calls in %v, %d failed; %d token requests, of which %d failed; %d tokens refused before their time",
		calls.Load(), length, failed.Load(), rough.tokens.Load(), rough.broken.Load(), rough.refused.Load())
	if calls.Load() == 0 || rough.broken.Load() == 0 {
		t.Error("nothing was tried")
	}
}

// A roughService fails every third token request, and refuses a token from its
// 800th use on.
type roughService struct {
	next                    http.Handler
	tokens, broken, refused atomic.Int64

	mu   sync.Mutex
	uses map[string]int
}

func (r *roughService) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.HasSuffix(req.URL.Path, "/applications/token") {
		if n := r.tokens.Add(1); n%3 == 0 {
			r.broken.Add(1)
			http.Error(w, "no tokens just now", http.StatusServiceUnavailable)
			return
		}
		r.next.ServeHTTP(w, req)
		return
	}
	token := req.Header.Get("Authorization")
	r.mu.Lock()
	r.uses[token]++
	n := r.uses[token]
	r.mu.Unlock()
	if n > 800 {
		if n == 801 {
			r.refused.Add(1)
		}
		http.Error(w, "revoked", http.StatusUnauthorized)
		return
	}
	r.next.ServeHTTP(w, req)
}
