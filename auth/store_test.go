package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// A memoryStore is a Store within the process. Each cache of a test stands for a
// process.
type memoryStore struct {
	mu      sync.Mutex
	entries map[string]*memoryEntry
}

type memoryEntry struct {
	value   []byte
	until   time.Time
	keep    time.Duration
	filling chan struct{} // closed when the fill in progress has ended; nil for none
	failed  bool          // the last fill
}

var errFillFailed = errors.New("the fill of another caller failed")

func (s *memoryStore) Do(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
	s.mu.Lock()
	if s.entries == nil {
		s.entries = map[string]*memoryEntry{}
	}
	if s.entries[key] == nil {
		s.entries[key] = &memoryEntry{}
	}
	e := s.entries[key]
	for waited := false; ; waited = true {
		if len(e.value) > 0 && time.Now().Before(e.until) && !bytes.Equal(e.value, stale) {
			defer s.mu.Unlock()
			return e.value, nil
		}
		if e.filling == nil {
			if waited && e.failed {
				s.mu.Unlock()
				return nil, errFillFailed
			}
			break
		}
		filling := e.filling
		s.mu.Unlock()
		select {
		case <-filling:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		s.mu.Lock()
	}
	filling := make(chan struct{})
	e.filling = filling
	s.mu.Unlock()
	value, keep, err := fill(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	e.filling, e.failed = nil, err != nil
	close(filling)
	if err == nil {
		e.value, e.keep, e.until = value, keep, time.Now().Add(keep)
	}
	return value, err
}

// only returns the only entry of the store, and its key.
func (s *memoryStore) only(t *testing.T) (string, *memoryEntry) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.entries) != 1 {
		t.Fatalf("the store has %d entries, want 1", len(s.entries))
	}
	for key, e := range s.entries {
		return key, e
	}
	panic("unreachable")
}

// A storeFunc is a function that is a Store.
type storeFunc func(context.Context, string, []byte, func(context.Context) ([]byte, time.Duration, error)) ([]byte, error)

func (f storeFunc) Do(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
	return f(ctx, key, stale, fill)
}

// process returns what a process has of the tokens of src in store, and the reports of
// its fetches.
func process(store auth.Store, src auth.TokenSource) (*auth.Cache, func() []auth.FetchReport) {
	var mu sync.Mutex
	var reports []auth.FetchReport
	c := auth.NewCache(auth.InStore(store, src, credentials("id", "secret-of-the-application", orgA), service, ""),
		auth.WithObserver(func(f auth.FetchReport) {
			mu.Lock()
			defer mu.Unlock()
			reports = append(reports, f)
		}))
	return c, func() []auth.FetchReport {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(reports)
	}
}

func TestProcessesShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{life: 15 * time.Minute, takes: time.Second}
		store := new(memoryStore)
		var wg sync.WaitGroup
		var fromStore atomic.Int64
		for range 8 {
			c, reports := process(store, m)
			wg.Go(func() {
				var callers sync.WaitGroup
				for range 125 {
					callers.Go(func() {
						if tok := mustToken(t, c); tok != "token-1" {
							t.Errorf("got %s", tok)
						}
					})
				}
				callers.Wait()
				got := reports()
				if len(got) != 1 {
					t.Errorf("%d fetches in one process", len(got))
				}
				if got[0].FromStore {
					fromStore.Add(1)
				}
			})
		}
		wg.Wait()
		if n := m.fetches(); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
		if n := fromStore.Load(); n != 7 {
			t.Errorf("%d processes report a token from the store, want 7", n)
		}
	})
}

func TestProcessesShareRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{life: 15 * time.Minute, takes: time.Second}
		store := new(memoryStore)
		var wg sync.WaitGroup
		for i := range 8 {
			c, _ := process(store, m)
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Second) // not all start at once
				for range 2 * 60 {
					mustToken(t, c)
					time.Sleep(time.Minute)
				}
			})
		}
		wg.Wait()
		// A token lasts for about ten minutes, until the first process refreshes it.
		if n := m.fetches(); n < 10 || n > 16 {
			t.Errorf("%d fetches in two hours, want about 13", n)
		}
	})
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{life: 15 * time.Minute, takes: time.Second}
		store := new(memoryStore)
		var caches []*auth.Cache
		for range 8 {
			c, _ := process(store, m)
			mustToken(t, c)
			caches = append(caches, c)
		}
		var wg sync.WaitGroup
		for i, c := range caches {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 300 * time.Millisecond)
				tok, err := c.Token(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				c.Invalidate(tok)
				if got := mustToken(t, c); got != "token-2" {
					t.Errorf("process %d: %s after token-1 was refused", i, got)
				}
			})
		}
		wg.Wait()
		if n := m.fetches(); n != 2 {
			t.Errorf("%d fetches, want 2", n)
		}
	})
}

func TestFailedFetchIsEachProcessesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := &auth.TokenError{StatusCode: http.StatusUnauthorized}
		m := &mint{takes: time.Second, fail: func(int) error { return denied }}
		store := new(memoryStore)
		start := time.Now()
		var wg sync.WaitGroup
		for range 8 {
			c, _ := process(store, m)
			for range 10 {
				wg.Go(func() {
					_, err := c.Token(t.Context())
					if own, ok := errors.AsType[*auth.TokenError](err); !ok || own.StatusCode != http.StatusUnauthorized {
						t.Errorf("error %v", err)
					}
				})
			}
		}
		wg.Wait()
		if n := m.fetches(); n > 8 {
			t.Errorf("%d fetches, want one for each of 8 processes at most", n)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("the error took %v", d)
		}
		if _, e := store.only(t); e.value != nil {
			t.Error("an error was stored")
		}
	})
}

// Whatever a store does, the process has a token, soon.
func TestBadStores(t *testing.T) {
	hang := func(ctx context.Context) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	type filler = func(context.Context) ([]byte, time.Duration, error)
	for name, tt := range map[string]struct {
		do     func(n int, ctx context.Context, stale []byte, fill filler) ([]byte, error)
		within time.Duration // of fetches that take no time
		fine   bool          // there is nothing to report
	}{
		"fails": {do: func(int, context.Context, []byte, filler) ([]byte, error) {
			return nil, errors.New("no connection")
		}},
		"panics": {do: func(int, context.Context, []byte, filler) ([]byte, error) { panic("bug") }},
		"exits": {do: func(int, context.Context, []byte, filler) ([]byte, error) {
			runtime.Goexit()
			return nil, nil
		}},
		"nothing": {do: func(int, context.Context, []byte, filler) ([]byte, error) { return nil, nil }},
		"unreadable": {do: func(int, context.Context, []byte, filler) ([]byte, error) {
			return []byte("garbage"), nil
		}},
		"unreadable, ever new": {do: func(n int, _ context.Context, _ []byte, _ filler) ([]byte, error) {
			return bytes.Repeat([]byte("garbage"), n), nil
		}},
		"huge": {do: func(int, context.Context, []byte, filler) ([]byte, error) {
			return make([]byte, 2<<20), nil
		}},
		"replaces what is unreadable": {fine: true, do: func(n int, ctx context.Context, stale []byte, fill filler) ([]byte, error) {
			if n == 1 {
				return []byte("garbage"), nil
			}
			if string(stale) != "garbage" {
				return nil, fmt.Errorf("stale is %q", stale)
			}
			v, _, err := fill(ctx)
			return v, err
		}},
		"hangs": {within: 20 * time.Second, do: func(_ int, ctx context.Context, _ []byte, _ filler) ([]byte, error) { return hang(ctx) }},
		"hangs and ignores ctx": {within: 20 * time.Second, do: func(int, context.Context, []byte, filler) ([]byte, error) {
			time.Sleep(time.Hour)
			return nil, nil
		}},
		"cannot store": {do: func(_ int, ctx context.Context, _ []byte, fill filler) ([]byte, error) {
			_, _, err := fill(ctx)
			return nil, errors.Join(err, errors.New("disk full"))
		}},
		"hangs while storing": {within: 250 * time.Millisecond, do: func(_ int, ctx context.Context, _ []byte, fill filler) ([]byte, error) {
			if _, _, err := fill(ctx); err != nil {
				return nil, err
			}
			return hang(ctx)
		}},
		"panics while storing": {do: func(_ int, ctx context.Context, _ []byte, fill filler) ([]byte, error) {
			_, _, _ = fill(ctx)
			panic("bug")
		}},
		"fills twice": {fine: true, do: func(_ int, ctx context.Context, _ []byte, fill filler) ([]byte, error) {
			a, _, _ := fill(ctx)
			b, _, err := fill(ctx)
			if !bytes.Equal(a, b) {
				err = errors.New("two values")
			}
			return b, err
		}},
		"fills beside": {do: func(_ int, ctx context.Context, _ []byte, fill filler) ([]byte, error) {
			go func() { _, _, _ = fill(context.WithoutCancel(ctx)) }()
			time.Sleep(time.Millisecond)
			return nil, errors.New("gave up")
		}, within: time.Millisecond},
		"fills late": {do: func(_ int, _ context.Context, _ []byte, fill filler) ([]byte, error) {
			time.AfterFunc(time.Second, func() { _, _, _ = fill(context.Background()) })
			return nil, errors.New("gave up")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mint{life: 15 * time.Minute}
				n := 0
				c, reports := process(storeFunc(func(ctx context.Context, _ string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
					n++
					return tt.do(n, ctx, stale, fill)
				}), m)
				start := time.Now()
				if got := mustToken(t, c); got != "token-1" {
					t.Errorf("got %s", got)
				}
				if d := time.Since(start); d > tt.within {
					t.Errorf("the token took %v, want %v at most", d, tt.within)
				}
				time.Sleep(2 * time.Second)
				if n := m.fetches(); n != 1 {
					t.Errorf("%d fetches, want 1", n)
				}
				if got := reports(); len(got) != 1 || got[0].FromStore || got[0].Err != nil || (got[0].StoreErr == nil) != tt.fine {
					t.Errorf("reports %+v, want one of a token that is not from the store", got)
				}
				time.Sleep(2 * time.Hour) // for goroutines that ignore their ctx
			})
		})
	}
}

// A store that ends the fetch of a token has failed, and the fetch has not.
func TestStoreInterruptsFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{life: 15 * time.Minute, takes: time.Second}
		c, reports := process(storeFunc(func(ctx context.Context, _ string, _ []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second/2)
			defer cancel()
			v, _, err := fill(ctx)
			return v, err
		}), m)
		if got := mustToken(t, c); got != "token-2" {
			t.Errorf("got %s", got)
		}
		synctest.Wait()
		if got := reports(); len(got) != 1 || got[0].StoreErr == nil {
			t.Errorf("reports %+v", got)
		}
	})
}

// A source that fails inside of a store fails as it does outside.
func TestSourceFailsInStore(t *testing.T) {
	for name, tt := range map[string]struct {
		src  sourceFunc
		want string
	}{
		"error":   {func(context.Context) (*auth.Token, error) { return nil, errDown }, errDown.Error()},
		"panic":   {func(context.Context) (*auth.Token, error) { panic("bug") }, "the token source panicked: bug"},
		"exit":    {func(context.Context) (*auth.Token, error) { runtime.Goexit(); return nil, nil }, "runtime.Goexit"},
		"nothing": {func(context.Context) (*auth.Token, error) { return nil, nil }, "returned no token"},
		"expired": {func(context.Context) (*auth.Token, error) {
			return &auth.Token{AccessToken: "a", Expiry: time.Now().Add(-time.Second)}, nil
		}, "already expired"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := new(memoryStore)
				c, _ := process(store, tt.src)
				_, err := c.Token(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one with %q", err, tt.want)
				}
				if name != "exit" { // which ends the goroutine of the test's store
					if _, e := store.only(t); e.value != nil {
						t.Error("something was stored")
					}
				}
			})
		})
	}
}

func TestStoreHasNothingReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memoryStore)
		src := sourceFunc(func(context.Context) (*auth.Token, error) {
			return &auth.Token{AccessToken: hidden, OrganizationID: orgB, Expiry: time.Now().Add(15 * time.Minute)}, nil
		})
		a := auth.NewCache(auth.InStore(store, src, credentials("the-client-id", "the-client-secret", orgA), service, "the-workspace"))
		mustToken(t, a)
		key, e := store.only(t)
		for _, what := range []string{hidden, orgA, orgB, "the-client-id", "the-client-secret", "the-workspace", "service.test", "scoped"} {
			if strings.Contains(key+string(e.value), what) {
				t.Errorf("the store shows %q", what)
			}
		}
		b := auth.NewCache(auth.InStore(store, auth.Static("other"), credentials("the-client-id", "the-client-secret", orgA), service, "the-workspace"))
		tok, err := b.Token(t.Context())
		if err != nil || tok.AccessToken != hidden || tok.OrganizationID != orgB || time.Until(tok.Expiry) != 15*time.Minute {
			t.Errorf("the other process got %v, %v", tok, err)
		}
	})
}

// A value has its place: under another key, it cannot be opened. And each combination
// has a key of its own.
func TestStoreKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := func(id, secret, org string) auth.Credentials { return credentials(id, secret, org) }
		sources := map[string]func(auth.Store, auth.TokenSource) auth.TokenSource{
			"the one": func(s auth.Store, src auth.TokenSource) auth.TokenSource {
				return auth.InStore(s, src, cred("id", "s", orgA), service, "")
			},
			"base URL": func(s auth.Store, src auth.TokenSource) auth.TokenSource {
				return auth.InStore(s, src, cred("id", "s", orgA), mustURL("https://other.test"), "")
			},
			"client ID": func(s auth.Store, src auth.TokenSource) auth.TokenSource {
				return auth.InStore(s, src, cred("id2", "s", orgA), service, "")
			},
			"secret": func(s auth.Store, src auth.TokenSource) auth.TokenSource {
				return auth.InStore(s, src, cred("id", "s2", orgA), service, "")
			},
			"organization": func(s auth.Store, src auth.TokenSource) auth.TokenSource {
				return auth.InStore(s, src, cred("id", "s", orgB), service, "")
			},
			"workspace": func(s auth.Store, src auth.TokenSource) auth.TokenSource {
				return auth.InStore(s, src, cred("id", "s", orgA), service, "w")
			},
			"workspace 2": func(s auth.Store, src auth.TokenSource) auth.TokenSource {
				return auth.InStore(s, src, cred("id", "s", orgA), service, "w2")
			},
		}
		store := new(memoryStore)
		m := &mint{life: 15 * time.Minute}
		for _, source := range sources {
			mustToken(t, source(store, m))
			mustToken(t, source(store, m))
		}
		if n := m.fetches(); n != len(sources) || len(store.entries) != n {
			t.Errorf("%d fetches and %d entries for %d combinations", n, len(store.entries), len(sources))
		}
		moved := storeFunc(func(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
			for other, e := range store.entries {
				if other != key && !bytes.Equal(stale, e.value) {
					return e.value, nil
				}
			}
			return nil, errors.New("none")
		})
		if got := mustToken(t, sources["the one"](moved, auth.Static("own"))); got != "own" {
			t.Errorf("the value of another key was accepted: %s", got)
		}
	})
}

func TestHowLongATokenIsKept(t *testing.T) {
	for _, tt := range []struct {
		life, want time.Duration
	}{
		{15 * time.Minute, 15*time.Minute - 10*time.Second},
		{50 * time.Second, 45 * time.Second},
		{time.Second, 900 * time.Millisecond},
		{24 * time.Hour, time.Hour},
		{0, time.Hour}, // does not expire
	} {
		synctest.Test(t, func(t *testing.T) {
			store := new(memoryStore)
			c, _ := process(store, &mint{life: tt.life})
			mustToken(t, c)
			if _, e := store.only(t); e.keep != tt.want {
				t.Errorf("a token for %v is kept for %v, want %v", tt.life, e.keep, tt.want)
			}
		})
	}
}

// A token that has almost expired, or seems so, is replaced rather than used, and a
// clock that is ahead makes no token live longer.
func TestStoredTokenExpires(t *testing.T) {
	for _, tt := range []struct {
		name    string
		age     time.Duration
		fetches int
	}{
		{"new", 0, 1},
		{"old", 14 * time.Minute, 1},
		{"within the margin", 15*time.Minute - 9*time.Second, 2},
		{"expired", 16 * time.Minute, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := new(memoryStore)
				m := &mint{life: 15 * time.Minute}
				first, _ := process(store, m)
				mustToken(t, first)
				_, e := store.only(t)
				e.until = time.Now().Add(time.Hour) // a store whose clock is slow
				time.Sleep(tt.age)
				second, _ := process(store, m)
				tok, err := second.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if n := m.fetches(); n != tt.fetches {
					t.Errorf("%d fetches, want %d", n, tt.fetches)
				}
				if left := time.Until(tok.Expiry); left <= 0 || left > 15*time.Minute {
					t.Errorf("the token lives for %v", left)
				}
			})
		})
	}
}

// A process that had to do without the store joins the others at the next refresh, and
// does not take the token back that was refused.
func TestRefusedTokenIsNotTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memoryStore)
		var down atomic.Bool
		sometimes := storeFunc(func(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
			if down.Load() {
				return nil, errors.New("down")
			}
			return store.Do(ctx, key, stale, fill)
		})
		m := &mint{life: 15 * time.Minute}
		c, _ := process(sometimes, m)
		tok, err := c.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		down.Store(true)
		c.Invalidate(tok)
		if got := mustToken(t, c); got != "token-2" {
			t.Fatalf("got %s", got)
		}
		down.Store(false)
		tok, _ = c.Token(t.Context())
		c.Invalidate(tok)
		if got := mustToken(t, c); got != "token-3" { // token-1 is still in the store
			t.Errorf("got %s, want token-3", got)
		}
	})
}

func TestSharedInStore(t *testing.T) {
	cred := credentials("id", "secret", orgA)
	count := 0
	hc := &http.Client{Transport: &struct{ http.RoundTripper }{transport(func(*http.Request) (*http.Response, error) {
		count++
		return reply(200, fmt.Sprintf(`{"access_token":"token-%d","expires_in":900}`, count)), nil
	})}}
	one, two := new(memoryStore), new(memoryStore)
	a, b := auth.SharedInStore(one, cred, service, hc, nil), auth.SharedInStore(one, cred, service, hc, nil)
	if auth.SharedCache(a) != auth.SharedCache(b) {
		t.Error("two clients with one store have two caches")
	}
	if auth.SharedCache(a) == auth.SharedCache(auth.SharedInStore(two, cred, service, hc, nil)) ||
		auth.SharedCache(a) == auth.SharedCache(auth.Shared(cred, service, hc, nil)) {
		t.Error("clients with different stores have one cache")
	}
	odd := storeFunc(one.Do)
	c, d := auth.SharedInStore(odd, cred, service, hc, nil), auth.SharedInStore(odd, cred, service, hc, nil)
	if auth.SharedCache(c) == auth.SharedCache(d) {
		t.Error("two stores that cannot be compared have one cache")
	}
	if auth.SharedCache(auth.SharedInStore(one, cred, service, nil, nil)) == auth.SharedCache(a) {
		t.Error("two transports have one cache")
	}
	mustToken(t, a)
	mustToken(t, b)
	if mustToken(t, auth.SharedInStore(odd, cred, service, hc, nil)); count != 1 {
		t.Errorf("%d token requests, want 1", count)
	}
}

// If the token that came from the store after a 401 is refused, too, there is one more
// replay, with a token that was fetched for it.
func TestReplayAfterStoredToken(t *testing.T) {
	for _, tt := range []struct {
		name     string
		good     string // the token that the service accepts
		stored   bool   // whether another process replaces the first token
		requests int
		status   int
	}{
		{"first", "token-1", true, 1, 200},
		{"the one in the store", "token-2", true, 2, 200},
		{"a new one after that in the store", "token-3", true, 3, 200},
		{"none after that in the store", "token-9", true, 3, 401},
		{"its own", "token-2", false, 2, 200},
		{"none after its own", "token-9", false, 2, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mint{life: 15 * time.Minute}
				store := new(memoryStore)
				c, _ := process(store, m)
				mustToken(t, c)
				if tt.stored {
					other, _ := process(store, m)
					tok, err := other.Token(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					other.Invalidate(tok)
					mustToken(t, other)
				}
				var bodies []string
				authorizer := auth.NewAuthorizer(service, c, &http.Client{Transport: transport(func(req *http.Request) (*http.Response, error) {
					var b bytes.Buffer
					_, _ = b.ReadFrom(req.Body)
					bodies = append(bodies, b.String())
					if bearer(req) != tt.good {
						return reply(401, `{}`), nil
					}
					return reply(200, `{}`), nil
				})}, "")
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, service.String(), strings.NewReader("body"))
				if err != nil {
					t.Fatal(err)
				}
				resp, err := authorizer.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != tt.status || len(bodies) != tt.requests {
					t.Errorf("status %d after %d requests, want %d after %d", resp.StatusCode, len(bodies), tt.status, tt.requests)
				}
				for _, b := range bodies {
					if b != "body" {
						t.Errorf("a body is %q", b)
					}
				}
			})
		})
	}
}
