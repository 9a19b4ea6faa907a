package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	dayWorkers  = 6
	dayPause    = 60 * time.Second // between two calls of a worker, on average
	dayTenants  = 50               // clients with a workspace of their own, an hour
	dayLifetime = 20 * time.Minute // of a token, which is refreshed every quarter of an hour
	dayRefusal  = 7 * time.Minute  // after which every third token is refused
	dayOutage   = 140 * time.Second
	dayFault    = 17 // of so many requests, one goes wrong: more would use up the budget of retries
	dayGrowth   = 1 << 20
)

// TestSoakDay is a day of a program that is always on, in a few seconds: tokens are
// refreshed every quarter of an hour and refused before their time, a third of the
// requests for them fails, and every other hour all of them do for two minutes; every
// seventeenth of the other requests meets one of the faults that a call rides out. No
// call may fail, no write may be done twice, and neither goroutines nor memory may grow.
func TestSoakDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &day{t: t, begin: time.Now(), tokens: map[string]*dayToken{}, met: map[string]int{}, written: map[string]int{}, calls: map[string]int{}}
		gate := client.NewGate()
		connect := func(more ...client.Option) *client.Client {
			t.Helper()
			return newClientOfApp(t, s, append(more, client.WithGate(gate))...)
		}
		c := connect()
		github, err := client.Connect(t.Context(), "github", client.WithConnectorID(vendorID), client.WithBaseURL(stubURL),
			client.WithCredentials("app", "app-secret-0815"), client.WithHTTPClient(&http.Client{Transport: s}), client.WithGate(gate))
		if err != nil {
			t.Fatal(err)
		}
		var goroutines int
		var heap [24]uint64
		for hour := range heap {
			end := s.begin.Add(time.Duration(hour+1) * time.Hour)
			var wg sync.WaitGroup
			for worker := range dayWorkers {
				wg.Go(func() {
					for n := worker; time.Now().Before(end); n++ {
						s.call(c, github, n, fmt.Sprintf("%d-%d-%d", hour, worker, n))
						time.Sleep(dayPause/2 + rand.N(dayPause))
					}
				})
			}
			wg.Go(func() {
				for n := range dayTenants {
					tenant := connect(client.WithScopedTokenCreatingWorkspace(), client.WithWorkspaceName(fmt.Sprintf("tenant %d of hour %d", n, hour)))
					_, err := connectorOf(tenant).Execute(t.Context(), "issues", "get", client.Params{"number": n})
					s.done("tenant", err)
					time.Sleep(time.Hour / dayTenants)
				}
			})
			wg.Wait()
			time.Sleep(time.Minute) // until a refresh in progress has ended
			synctest.Wait()
			heap[hour] = heapInUse()
			if n := runtime.NumGoroutine(); hour == 0 {
				goroutines = n
			} else if n != goroutines {
				t.Fatalf("%d goroutines after %d hours, and %d after the first", n, hour+1, goroutines)
			}
			if s.open != 0 {
				t.Fatalf("%d bodies of responses are open after %d hours", s.open, hour+1)
			}
		}
		t.Logf("calls %v; faults %v; %d token requests, of which %d failed, %d tokens were refused before their time", s.calls, s.met, s.asked, s.broken, s.refused)
		t.Logf("%d goroutines; heap after 12 hours %d KiB, after 24 %d KiB", goroutines, heap[11]>>10, heap[23]>>10)
		if heap[23] > heap[11]+dayGrowth {
			t.Errorf("the heap grew by %d KiB in the second half of the day: %v", (heap[23]-heap[11])>>10, heap)
		}
		if len(s.met) != len(dayFaults) || s.outages < 10 || s.refused < 10 {
			t.Errorf("faults met: %v of %d; %d outages, %d tokens refused", slices.Sorted(maps.Keys(s.met)), len(dayFaults), s.outages, s.refused)
		}
		if got := s.asked - s.broken; got < 85 || got > 105+s.refused {
			t.Errorf("%d tokens were fetched, want one every quarter of an hour and one for each that was refused", got)
		}
	})
}

// heapInUse returns how much memory is in use after everything else was freed.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A day is the service of TestSoakDay.
type day struct {
	t     *testing.T
	begin time.Time

	mu       sync.Mutex
	tokens   map[string]*dayToken
	latest   *dayToken // of the application
	number   int       // of tokens
	requests int       // that are not for tokens
	open     int       // bodies
	until    time.Time // when the outage of the token endpoint ends
	outages  int
	asked    int // requests for a token of the application
	broken   int // of these
	refused  int // tokens
	met      map[string]int
	written  map[string]int // writes that were carried out and not checked yet
	calls    map[string]int
}

type dayToken struct {
	expiry  time.Time
	refusal time.Time // when it is refused, if ever
	refused bool
}

// call makes one of the calls of the day.
func (s *day) call(c *client.Client, github *client.Connector, n int, key string) {
	ctx := s.t.Context()
	three := func(ids []int, err error) error {
		if err == nil && !slices.Equal(ids, []int{0, 1, 2}) {
			err = fmt.Errorf("got the records %v", ids)
		}
		return err
	}
	switch n % 7 {
	case 0:
		_, _, err := client.Execute[[]row](ctx, github, "issues", "list", client.Params{"q": key})
		s.done("list", err)
	case 1:
		var ids []int
		var failed error
		for r, err := range client.All[row](ctx, github, "issues", "list", client.Params{"q": key}) {
			if ids = append(ids, r.ID); err != nil {
				failed = err
			}
		}
		s.done("all", three(ids, failed))
	case 2:
		var ids []int
		var failed error
		for params := (client.Params{"q": key}); params != nil && failed == nil; {
			var r *client.Result
			if r, failed = github.Execute(ctx, "issues", "list", params); failed == nil {
				var rows []row
				failed = r.Decode(&rows)
				for _, r := range rows {
					ids = append(ids, r.ID)
				}
				if failed == nil {
					params, failed = r.NextParams(ctx)
				}
			}
		}
		s.done("next", three(ids, failed))
	case 3:
		d, err := github.Download(ctx, "files", client.Params{"q": key})
		if err == nil {
			_, err = io.Copy(io.Discard, d)
			_ = d.Close()
		}
		s.done("download", err)
	case 4:
		_, err := github.Execute(ctx, "issues", "create", client.Params{"q": key})
		s.mu.Lock()
		if times := s.written[key]; times != 1 && err == nil {
			err = fmt.Errorf("written %d times", times)
		}
		delete(s.written, key)
		s.mu.Unlock()
		s.done("create", err)
	case 5:
		_, err := c.DefaultWorkspace().ListConnectors(ctx)
		s.done("connectors", err)
	case 6:
		_, err := github.Describe(ctx)
		s.done("describe", err)
	}
}

// done counts a call.
func (s *day) done(name string, err error) {
	if s.mu.Lock(); err != nil {
		s.t.Errorf("%s, after %v: %v", name, time.Since(s.begin), err)
	}
	s.calls[name]++
	s.mu.Unlock()
}

func (s *day) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	answer := s.reply(req, body)
	s.mu.Unlock()
	resp, err := answer(req)
	if resp != nil {
		s.mu.Lock()
		s.open++
		s.mu.Unlock()
		resp.Body = &closing{ReadCloser: resp.Body, f: sync.OnceFunc(func() {
			s.mu.Lock()
			s.open--
			s.mu.Unlock()
		})}
	}
	return resp, err
}

type closing struct {
	io.ReadCloser
	f func()
}

func (c *closing) Close() error {
	c.f()
	return c.ReadCloser.Close()
}

// reply responds to a request.
func (s *day) reply(req *http.Request, body []byte) reply {
	now := time.Now()
	if req.URL.Path == tokenPath {
		return s.token(now)
	}
	token := s.tokens[strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")]
	if token != nil {
		// Without a token that is good, a call cannot ride out an outage.
		if !token.refusal.IsZero() && now.After(token.refusal) && !token.refused && now.After(s.until) {
			token.refused = true
			if s.latest == token {
				s.refused++
			}
		}
	}
	if token == nil || token.refused || !now.Before(token.expiry) {
		return says(http.StatusUnauthorized, `{"message":"no such token"}`)
	}
	if req.URL.Path == scopedPath {
		return says(http.StatusOK, `{"token":"`+s.issue(now)+`"}`)
	}
	var asked struct {
		Action string         `json:"action"`
		Params map[string]any `json:"params"`
	}
	_ = json.Unmarshal(body, &asked)
	q, _ := asked.Params["q"].(string)
	good := ok(`{}`)
	switch {
	case asked.Action == "create":
		good = func(req *http.Request) (*http.Response, error) {
			s.mu.Lock()
			s.written[q]++
			s.mu.Unlock()
			return ok(`{}`)(req)
		}
	case req.URL.Path == listPath:
		good = says(http.StatusOK, `{"data":[]}`)
	case asked.Action == "list":
		after, _ := asked.Params["after"].(string)
		page := len(strings.TrimPrefix(after, q))
		good = says(http.StatusOK, success(fmt.Sprintf(`[{"id":%d}]`, page), fmt.Sprintf(`{"has_next_page":%t,"end_cursor":%q}`, page < 2, q+strings.Repeat("+", page+1))))
	case asked.Action == "download":
		good = says(http.StatusOK, "a,b\n1,2\n", "Content-Type", "text/csv", "Content-Disposition", `attachment; filename="a.csv"`)
	case asked.Action == "describe":
		good = ok(`{"entities":[{"name":"issues","actions":["list"]}]}`)
	}
	if s.requests++; s.requests%dayFault == 0 {
		for range dayFaults { // the next one that suits
			f := dayFaults[s.requests/dayFault%len(dayFaults)]
			if f.write || asked.Action != "create" && (f.file || asked.Action != "download") {
				s.met[f.name]++
				return f.with(good)
			}
			s.requests += dayFault
		}
	}
	return good
}

// token responds to a request for a token of the application.
func (s *day) token(now time.Time) reply {
	s.asked++
	if l := s.latest; l != nil && !l.refused && l.expiry.Sub(now) > dayOutage+80*time.Second && now.Sub(s.begin) > time.Duration(s.outages+1)*2*time.Hour {
		s.outages++
		s.until = now.Add(dayOutage)
	}
	if now.Before(s.until) || s.asked%3 == 0 {
		s.broken++
		return [...]reply{says(http.StatusServiceUnavailable, ""), fails(errReset), hangs, says(http.StatusTooManyRequests, "", "Retry-After", "1")}[s.broken%4]
	}
	token := s.issue(now)
	s.latest = s.tokens[token]
	return says(http.StatusOK, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%d}`, token, int(dayLifetime.Seconds())))
}

func (s *day) issue(now time.Time) string {
	maps.DeleteFunc(s.tokens, func(_ string, t *dayToken) bool { return !now.Before(t.expiry) })
	s.number++
	text, token := fmt.Sprintf("token-%d", s.number), &dayToken{expiry: now.Add(dayLifetime)}
	if s.number%3 == 0 {
		token.refusal = now.Add(dayRefusal)
	}
	s.tokens[text] = token
	return text
}

// dayFaults are what may happen to a request: to a read, to a download before it begins,
// and to a write, which is sent again only if it was surely not carried out.
var dayFaults = []struct {
	name        string
	file, write bool
	with        func(good reply) reply
}{
	{"refused", true, true, always(fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}))},
	{"429", true, true, always(says(http.StatusTooManyRequests, "", "Retry-After", "5"))},
	{"503", true, false, always(says(http.StatusServiceUnavailable, ""))},
	{"502", true, false, always(says(http.StatusBadGateway, "<h1>Bad Gateway</h1>", "Content-Type", "text/html"))},
	{"504", true, false, always(says(http.StatusGatewayTimeout, ""))},
	{"408", true, false, always(says(http.StatusRequestTimeout, ""))},
	{"reset", true, false, always(fails(errReset))},
	{"closed", true, false, always(fails(io.EOF))},
	{"hangs", false, false, always(hangs)},
	{"slow", true, true, func(good reply) reply { return later(30*time.Second, good) }},
	{"cut", false, false, func(good reply) reply {
		return within(good, func(_ *http.Request, half string) io.Reader { return &breaksOff{strings.NewReader(half), errReset} })
	}},
	{"cut JSON", false, false, func(good reply) reply {
		return within(good, func(_ *http.Request, half string) io.Reader { return strings.NewReader(half) })
	}},
	{"stuck", false, false, func(good reply) reply {
		return within(good, func(req *http.Request, half string) io.Reader { return &stuck{strings.NewReader(half), req.Context()} })
	}},
}

func always(r reply) func(reply) reply { return func(reply) reply { return r } }

// within is good with a body that is made of the first half of its own.
func within(good reply, body func(*http.Request, string) io.Reader) reply {
	return func(req *http.Request) (*http.Response, error) {
		resp, err := good(req)
		if err == nil {
			text, _ := io.ReadAll(resp.Body)
			resp.Body, resp.ContentLength = io.NopCloser(body(req, string(text[:len(text)/2]))), -1
		}
		return resp, err
	}
}
