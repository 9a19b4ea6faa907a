package auth_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// bubble runs a test with the clock of synctest. It fails if a goroutine
// outlives the last fetch, so every test that uses it shows that a cache does
// not have to be closed.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(30 * time.Second) // the longest time that a fetch can take
		f(t)
	})
}

func TestCacheFirstCallersShareOneFetch(t *testing.T) {
	for _, want := range []error{nil, errDown} {
		bubble(t, func(t *testing.T) {
			src := &mint{life: time.Hour, takes: time.Second, fail: func(int) error { return want }}
			cache := auth.NewCache(src)
			var wg sync.WaitGroup
			for range 1000 {
				wg.Go(func() {
					tok, err := cache.Token(t.Context())
					if !errors.Is(err, want) || want == nil && tok.AccessToken != "token-1" {
						t.Errorf("Token = %v, %v; want error %v", tok, err, want)
					}
				})
			}
			wg.Wait()
			if n := src.fetches(); n != 1 {
				t.Errorf("%d fetches, want 1", n)
			}
		})
	}
}

// TestCacheLateWait tests that a caller that found no token does not start a
// fetch if there is a token by the time it would do so.
func TestCacheLateWait(t *testing.T) {
	src := &mint{life: time.Hour}
	cache := auth.NewCache(src)
	late := auth.LateWait(cache)
	mustToken(t, cache)
	if tok, err := late(); err != nil || tok.AccessToken != "token-1" || src.fetches() != 1 {
		t.Errorf("%v, %v after %d fetches, want token-1 after 1", tok, err, src.fetches())
	}
}

// TestCacheLateRefresh tests that a caller that found a token to be due for a
// refresh does not start one if, by the time it would do so, another refresh
// has succeeded or failed or the token has been invalidated.
func TestCacheLateRefresh(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fails bool
		drop  bool // instead of a refresh
		want  int  // fetches
	}{
		{"refreshed", false, false, 2},
		{"refresh failed", true, false, 2},
		{"invalidated", false, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := &mint{life: time.Hour}
			src.fail = func(n int) error { return map[bool]error{true: errDown}[tt.fails && n > 1] }
			cache := auth.NewCache(src)
			tok, err := cache.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			auth.Shift(cache, 58*time.Minute, 58*time.Minute) // due for a refresh
			late := auth.LateRefresh(cache)
			if tt.drop {
				cache.Invalidate(tok)
			} else {
				mustToken(t, cache)
			}
			settle := func() {
				for auth.Flight(cache) != auth.NoFlight {
					runtime.Gosched()
				}
			}
			settle()
			late()
			settle()
			if n := src.fetches(); n != tt.want {
				t.Errorf("%d fetches, want %d", n, tt.want)
			}
		})
	}
}

func TestCacheCancelledLeaderPoisonsNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := &mint{life: time.Hour, takes: 3 * time.Second}
		cache := auth.NewCache(src)
		start := time.Now()
		leaderCtx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := cache.Token(leaderCtx)
			if !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
				t.Errorf("leader: %v after %v, want its cancellation after 1s", err, time.Since(start))
			}
		})
		synctest.Wait() // the leader has started the fetch
		for range 10 {
			wg.Go(func() {
				tok, err := cache.Token(t.Context())
				if err != nil || tok.AccessToken != "token-1" || time.Since(start) != 3*time.Second {
					t.Errorf("follower: %v, %v after %v", tok, err, time.Since(start))
				}
			})
		}
		time.Sleep(time.Second)
		cancel()
		wg.Wait()
		if n := src.fetches(); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
	})
}

func TestCacheFollowerDeadlineEndsOnlyItsWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := &mint{life: time.Hour, takes: 3 * time.Second}
		cache := auth.NewCache(src)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if tok, err := cache.Token(t.Context()); err != nil || time.Since(start) != 3*time.Second {
				t.Errorf("leader: %v, %v after %v", tok, err, time.Since(start))
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := cache.Token(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("follower: %v after %v, want its deadline after 1s", err, time.Since(start))
		}
		wg.Wait()
	})
}

func TestCacheCtxDoneBefore(t *testing.T) {
	src := &mint{life: time.Hour}
	cache := auth.NewCache(src)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 { // first without a token, then with one
		if _, err := cache.Token(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Token = %v, want context.Canceled", err)
		}
		mustToken(t, cache)
	}
	if n := src.fetches(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

type ctxKey struct{}

func TestCacheFetchContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		fetches := make(chan context.Context, 1)
		cache := auth.NewCache(sourceFunc(func(ctx context.Context) (*auth.Token, error) {
			fetches <- ctx
			if ctx.Value(ctxKey{}) != "trace" {
				t.Error("the values of the caller's ctx do not reach the fetch")
			}
			if d, ok := ctx.Deadline(); !ok || time.Until(d) != 30*time.Second {
				t.Errorf("deadline in %v (%v), want 30s", time.Until(d), ok)
			}
			return &auth.Token{AccessToken: "a"}, nil
		}))
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), ctxKey{}, "trace"), time.Second)
		defer cancel()
		mustToken(t, sourceFunc(func(context.Context) (*auth.Token, error) { return cache.Token(ctx) }))
		synctest.Wait()
		if err := (<-fetches).Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("the ctx of a finished fetch: %v, want it canceled, which stops its timer", err)
		}
	})
}

func TestCacheRefreshesEarly(t *testing.T) {
	for _, tt := range []struct {
		life, from, to time.Duration // a refresh starts between from and to
	}{
		{time.Minute, 40 * time.Second, 44 * time.Second},
		{15 * time.Minute, 10 * time.Minute, 11 * time.Minute},
		{time.Hour, 55 * time.Minute, 56 * time.Minute},
		{24 * time.Hour, 24*time.Hour - 5*time.Minute, 24*time.Hour - 4*time.Minute},
	} {
		t.Run(tt.life.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				start := time.Now()
				begins := map[time.Duration]bool{}
				var mu sync.Mutex
				var wg sync.WaitGroup
				step := (tt.to - tt.from) / 60
				for range 30 {
					var second time.Duration
					src := &mint{life: tt.life, began: func(n int) {
						if n == 2 {
							second = time.Since(start)
						}
					}}
					cache := auth.NewCache(src)
					mustToken(t, cache)
					src.takes = 5 * step
					wg.Go(func() {
						time.Sleep(tt.from - 20*step)
						for now := time.Since(start); now < tt.to+20*step; now = time.Since(start) {
							got := mustToken(t, cache)
							if time.Since(start) != now {
								t.Fatalf("a caller waited %v, %v after the start", time.Since(start)-now, now)
							}
							if want := "token-2"; now > tt.to+6*step && got != want {
								t.Fatalf("current token %s at %v, want %s", got, now, want)
							}
							time.Sleep(step)
						}
						if second < tt.from || second > tt.to+step || src.fetches() != 2 {
							t.Errorf("refresh at %v, %d fetches; want one between %v and %v", second, src.fetches(), tt.from, tt.to)
						}
						mu.Lock()
						begins[second] = true
						mu.Unlock()
					})
				}
				wg.Wait()
				if len(begins) < 5 {
					t.Errorf("30 caches refresh at only %d different times: %v", len(begins), begins)
				}
			})
		})
	}
}

func TestCacheFailingRefresh(t *testing.T) {
	const life, margin, tick = 15 * time.Minute, 10 * time.Second, 50 * time.Millisecond
	bubble(t, func(t *testing.T) {
		start := time.Now()
		var begins []time.Duration
		down := true
		src := &mint{
			life:  life,
			fail:  func(n int) error { return map[bool]error{true: errDown}[n > 1 && down] },
			began: func(n int) { begins = append(begins, time.Since(start)) },
		}
		cache := auth.NewCache(src)
		for now := time.Duration(0); now < life-margin; now = time.Since(start) {
			tok, err := cache.Token(t.Context())
			if err != nil || tok.AccessToken != "token-1" {
				t.Fatalf("at %v: %v, %v; want the first token until %v", now, tok, err, life-margin)
			}
			time.Sleep(tick)
			synctest.Wait()
		}
		// The first attempt is in the last third of the lifetime. After it the
		// pauses double from 1 s to 1 min, and each is cut by up to a half.
		begins = begins[1:]
		if len(begins) < 9 || len(begins) > 16 {
			t.Errorf("%d attempts to refresh, want about 10: %v", len(begins), begins)
		}
		if begins[0] < 10*time.Minute {
			t.Errorf("first attempt at %v", begins[0])
		}
		pause := time.Second
		for i := 1; i < len(begins); i++ {
			if gap := begins[i] - begins[i-1]; gap < pause/2 || gap > pause+2*tick {
				t.Errorf("attempt %d came %v after the one before, want %v to %v", i, gap, pause/2, pause)
			}
			pause = min(2*pause, time.Minute)
		}
		// The token has expired, so Token returns the failure.
		if tok, err := cache.Token(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("at %v: %v, %v; want the failure of the source", time.Since(start), tok, err)
		}
		down = false
		if got := mustToken(t, cache); got == "token-1" {
			t.Error("the expired token is returned")
		}
	})
}

// TestCacheBackoffStartsOver tests that after a success, the pauses start at
// one second again.
func TestCacheBackoffStartsOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var begins []time.Time
		src := &mint{life: 15 * time.Minute, began: func(int) { begins = append(begins, time.Now()) }}
		src.fail = func(n int) error { return map[bool]error{true: errDown}[n > 1 && n < 6 || n == 7] }
		cache := auth.NewCache(src)
		for src.fetches() < 8 {
			mustToken(t, cache)
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		if gap := begins[7].Sub(begins[6]); gap > 1100*time.Millisecond {
			t.Errorf("pause of %v after the first failure of the second token, want at most 1s", gap)
		}
	})
}

func TestCacheOutage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		failed := 0
		src := &mint{life: 15 * time.Minute, takes: 100 * time.Millisecond}
		src.fail = func(int) error {
			if at := time.Since(start); at < 10*time.Minute || at > 10*time.Minute+160*time.Second {
				return nil
			}
			failed++
			return errDown
		}
		cache := auth.NewCache(src)
		for range 20 * 60 { // one call a second
			before := time.Now()
			mustToken(t, cache)
			if waited := time.Since(before); waited > 0 && src.fetches() > 1 {
				t.Fatalf("a caller waited %v", waited)
			}
			time.Sleep(time.Second)
		}
		if failed < 5 || failed > 12 {
			t.Errorf("%d failed fetches in an outage of 160 s, want about 9", failed)
		}
		if got := mustToken(t, cache); got == "token-1" {
			t.Error("the cache did not recover")
		}
	})
}

func TestCacheRemembersRefusals(t *testing.T) {
	status := func(code int) error { return &auth.TokenError{StatusCode: code} }
	for _, tt := range []struct {
		name      string
		err       error
		permanent bool
	}{
		{"400", status(http.StatusBadRequest), true},
		{"401", status(http.StatusUnauthorized), true},
		{"403", fmt.Errorf("wrapped: %w", status(http.StatusForbidden)), true},
		{"no such address", status(http.StatusNotFound), true},
		{"redirected", status(http.StatusFound), true},
		{"no token in it", status(http.StatusOK), true},
		{"no response", status(0), false},
		{"408", status(http.StatusRequestTimeout), false},
		{"oauth2", &oauth2.RetrieveError{Response: &http.Response{StatusCode: http.StatusUnauthorized}}, true},
		{"asked to wait", &auth.TokenError{StatusCode: http.StatusTooManyRequests, RetryAfter: time.Hour}, true},
		{"429", status(http.StatusTooManyRequests), false},
		{"500", status(http.StatusInternalServerError), false},
		{"network", errDown, false},
		{"oauth2 without answer", &oauth2.RetrieveError{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var refuse error = tt.err
				src := &mint{fail: func(int) error { return refuse }}
				cache := auth.NewCache(src)
				for range 300 { // ten calls a second
					if _, err := cache.Token(t.Context()); !errors.Is(err, tt.err) {
						t.Fatalf("Token = %v, want %v", err, tt.err)
					}
					time.Sleep(100 * time.Millisecond)
				}
				lowest, highest := 300, 300
				if tt.permanent {
					lowest, highest = 8, 11
				}
				if n := src.fetches(); n < lowest || n > highest {
					t.Errorf("%d fetches in 30 s, want %d to %d", n, lowest, highest)
				}
				refuse = nil // the next fetch succeeds
				time.Sleep(3 * time.Second)
				mustToken(t, cache)
			})
		})
	}
}

// TestCacheSuccessForgetsRefusal tests that a success clears an earlier
// refusal.
func TestCacheSuccessForgetsRefusal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := &mint{life: 15 * time.Minute}
		src.fail = func(n int) error {
			if n == 2 {
				return &auth.TokenError{StatusCode: http.StatusUnauthorized}
			}
			return nil
		}
		cache := auth.NewCache(src)
		for src.fetches() < 3 { // the refresh is refused, and succeeds within a second
			mustToken(t, cache)
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		tok, err := cache.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cache.Invalidate(tok)
		if got := mustToken(t, cache); got != "token-4" {
			t.Errorf("current token %s, want token-4", got)
		}
	})
}

// TestCacheRefusedRefreshKeepsServing tests that a refused refresh does not
// affect the current token.
func TestCacheRefusedRefreshKeepsServing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		src := &mint{life: 15 * time.Minute}
		src.fail = func(n int) error {
			if n > 1 {
				return &auth.TokenError{StatusCode: http.StatusUnauthorized}
			}
			return nil
		}
		cache := auth.NewCache(src)
		for time.Since(start) < 15*time.Minute-10*time.Second {
			mustToken(t, cache)
			time.Sleep(time.Second)
		}
		if _, err := cache.Token(t.Context()); err == nil {
			t.Error("an expired token is returned")
		}
	})
}

func TestCacheInvalidate(t *testing.T) {
	src := &mint{life: time.Hour}
	cache := auth.NewCache(src)
	first, err := cache.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cache.Invalidate(nil)
	cache.Invalidate(&auth.Token{AccessToken: "another"})
	if got := mustToken(t, cache); got != "token-1" {
		t.Fatalf("current token %s, want token-1", got)
	}
	own := *first
	cache.Invalidate(&own) // a copy: tokens are compared, not pointers
	if got := mustToken(t, cache); got != "token-2" {
		t.Fatalf("current token %s, want token-2", got)
	}
	cache.Invalidate(first) // a late refusal
	if got := mustToken(t, cache); got != "token-2" || src.fetches() != 2 {
		t.Errorf("current token %s after %d fetches, want token-2 and 2", got, src.fetches())
	}
}

// TestCacheInvalidateReachesTheSource tests a cache whose source is a cache
// too, which would return the refused token again if it were not invalidated.
func TestCacheInvalidateReachesTheSource(t *testing.T) {
	outer := auth.NewCache(auth.NewCache(&mint{life: time.Hour}))
	tok, err := outer.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	outer.Invalidate(tok)
	if got := mustToken(t, outer); got != "token-2" {
		t.Errorf("current token %s after a refusal of token-1, want token-2", got)
	}
	outer.Invalidate(tok) // a late refusal
	if got := mustToken(t, outer); got != "token-2" {
		t.Errorf("current token %s after a late refusal of token-1, want token-2", got)
	}
}

// A revocable is an API that refuses all tokens except one. Each call takes a
// second. It counts its responses by status.
type revocable struct {
	mu    sync.Mutex
	valid string
	count map[int]int
}

func (a *revocable) Do(req *http.Request) (*http.Response, error) {
	takes := time.Second
	if req.Header.Get("Slow") != "" {
		takes = 10 * time.Second
	}
	time.Sleep(takes)
	a.mu.Lock()
	defer a.mu.Unlock()
	status := http.StatusOK
	if bearer(req) != a.valid {
		status = http.StatusUnauthorized
	}
	a.count[status]++
	return reply(status, ""), nil
}

func TestCacheRefusedTokenIsReplacedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := &mint{life: time.Hour, takes: time.Second}
		cache := auth.NewCache(src)
		mustToken(t, cache)
		api := &revocable{valid: "token-2", count: map[int]int{}} // token-1 is revoked
		authorizer := auth.NewAuthorizer(service, cache, api, "")
		call := func(header string) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://service.test/x", http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set(header, "yes")
			resp, err := authorizer.Do(req)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("Do = %v, %v; want 200", resp, err)
				return
			}
			_ = resp.Body.Close()
		}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { call("Quick") })
		}
		wg.Go(func() { call("Slow") }) // refused long after token-2 was fetched
		wg.Wait()
		if n := src.fetches(); n != 2 {
			t.Errorf("%d fetches for 51 refusals of one token, want 2 with the first", n)
		}
		if api.count[http.StatusUnauthorized] != 51 || api.count[http.StatusOK] != 51 {
			t.Errorf("answers %v, want 51 of each", api.count)
		}
	})
}

func TestCacheBadSource(t *testing.T) {
	type source = func(context.Context) (*auth.Token, error)
	for _, tt := range []struct {
		name string
		src  source
		want string
		wait time.Duration
	}{
		{"panic", func(context.Context) (*auth.Token, error) { panic("boom") }, "panicked: boom", 0},
		{"nil panic", func(context.Context) (*auth.Token, error) { panic(nil) }, "panicked", 0}, //nolint:govet // intended
		{"goexit", func(context.Context) (*auth.Token, error) { runtime.Goexit(); return nil, nil }, "called runtime.Goexit", 0},
		{"no token", func(context.Context) (*auth.Token, error) { return nil, nil }, "no token", 0},
		{"empty", func(context.Context) (*auth.Token, error) { return &auth.Token{}, nil }, "empty", 0},
		{"line break", func(context.Context) (*auth.Token, error) { return &auth.Token{AccessToken: "a\nb"}, nil }, "not allowed in a header", 0},
		{"expired", func(context.Context) (*auth.Token, error) {
			return &auth.Token{AccessToken: "a", Expiry: time.Now()}, nil
		}, "already expired", 0},
		{"hangs", func(ctx context.Context) (*auth.Token, error) { <-ctx.Done(); return nil, ctx.Err() }, "deadline exceeded", 30 * time.Second},
		{"token and error", func(context.Context) (*auth.Token, error) { return &auth.Token{AccessToken: "a"}, errDown }, "is down", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				src := tt.src
				cache := auth.NewCache(sourceFunc(func(ctx context.Context) (*auth.Token, error) { return src(ctx) }))
				start := time.Now()
				tok, err := cache.Token(t.Context())
				if tok != nil || err == nil || !strings.Contains(err.Error(), tt.want) || time.Since(start) != tt.wait {
					t.Errorf("Token = %v, %v after %v; want an error with %q after %v", tok, err, time.Since(start), tt.want, tt.wait)
				}
				src = (&mint{}).Token
				if got := mustToken(t, cache); got != "token-1" {
					t.Errorf("current token %s, want token-1", got)
				}
			})
		})
	}
	t.Run("nil", func(t *testing.T) {
		if _, err := auth.NewCache(nil).Token(t.Context()); err == nil {
			t.Error("no error")
		}
	})
}

// TestCachePanicInRefresh tests that a panic in a refresh ends neither the
// process nor the use of the current token.
func TestCachePanicInRefresh(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := &mint{life: time.Minute, began: func(n int) {
			if n > 1 {
				panic("boom")
			}
		}}
		cache := auth.NewCache(src)
		for range 49 {
			mustToken(t, cache)
			time.Sleep(time.Second)
		}
		if src.fetches() < 2 {
			t.Error("no refresh")
		}
	})
}

func TestCacheShortLivedTokens(t *testing.T) {
	const life = 2 * time.Second
	bubble(t, func(t *testing.T) {
		src := &mint{life: life, takes: 100 * time.Millisecond}
		cache := auth.NewCache(src)
		mustToken(t, cache)
		for range 60 * 50 { // a minute
			before := time.Now()
			tok, err := cache.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if time.Since(before) > 0 {
				t.Fatalf("a caller waited %v", time.Since(before))
			}
			if left := time.Until(tok.Expiry); left <= life/10 {
				t.Fatalf("a token that is valid for %v is returned, want more than %v", left, life/10)
			}
			time.Sleep(20 * time.Millisecond)
		}
		if n := src.fetches(); n < 60/2 || n > 60 {
			t.Errorf("%d fetches in a minute, want about 43", n)
		}
	})
}

func TestCacheMargin(t *testing.T) {
	for life, margin := range map[time.Duration]time.Duration{
		2 * time.Second:  200 * time.Millisecond,
		time.Minute:      6 * time.Second,
		15 * time.Minute: 10 * time.Second,
	} {
		bubble(t, func(t *testing.T) {
			src := &mint{life: life, fail: func(n int) error { return map[bool]error{true: errDown}[n > 1] }}
			cache := auth.NewCache(src)
			mustToken(t, cache)
			time.Sleep(life - margin - 1)
			mustToken(t, cache)
			time.Sleep(time.Nanosecond)
			if tok, err := cache.Token(t.Context()); err == nil {
				t.Errorf("lifetime %v: a token is returned %v before it expires", life, time.Until(tok.Expiry))
			}
		})
	}
}

// TestCacheTokenExpiresAtOnce tests tokens that expire while the cache stores
// them. A panic there would end the process, since no caller could recover it.
func TestCacheTokenExpiresAtOnce(t *testing.T) {
	for i := range 20_000 {
		cache := auth.NewCache(sourceFunc(func(context.Context) (*auth.Token, error) {
			return &auth.Token{AccessToken: "a", Expiry: time.Now().Add(time.Duration(i % 2000))}, nil
		}))
		if tok, err := cache.Token(t.Context()); (tok == nil) == (err == nil) {
			t.Fatalf("Token = %v, %v", tok, err)
		}
	}
}

func TestCacheTokenWithoutExpiry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := &mint{}
		cache := auth.NewCache(src)
		mustToken(t, cache)
		time.Sleep(10 * 365 * 24 * time.Hour)
		mustToken(t, cache)
		synctest.Wait()
		if n := src.fetches(); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
		if got := cache.String(); !strings.Contains(got, "does not expire") {
			t.Errorf("String() = %q", got)
		}
	})
}

func TestCacheClocks(t *testing.T) {
	for _, tt := range []struct {
		name       string
		wall, mono time.Duration // time since the token was fetched, on each clock
		fetches    int           // in total
	}{
		{"fresh", time.Minute, time.Minute, 1},
		{"expired", time.Hour, time.Hour, 2},
		{"the machine slept", time.Hour, time.Minute, 2},
		{"the wall clock was set forward", time.Hour, 0, 2},
		{"the wall clock was set back", -time.Hour, time.Minute, 1},
		{"the wall clock was set back, expired", -time.Hour, time.Hour, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// This is not in a bubble, where times have no monotonic reading.
			if got, want := auth.Age(tt.wall, tt.mono).Round(time.Minute), max(tt.wall, tt.mono); got != want {
				t.Errorf("age %v, want %v", got, want)
			}
			src := &mint{life: 15 * time.Minute}
			cache := auth.NewCache(src)
			mustToken(t, cache)
			auth.Shift(cache, tt.wall, tt.mono)
			mustToken(t, cache)
			if n := src.fetches(); n != tt.fetches {
				t.Errorf("%d fetches, want %d", n, tt.fetches)
			}
		})
	}
}

// TestCacheClockSetBackDuringFetch sets the wall clock forward, so that a token
// looks expired, and back during the fetch, so that the token looks valid again
// and due for a refresh.
func TestCacheClockSetBackDuringFetch(t *testing.T) {
	began, release := make(chan int, 10), make(chan struct{})
	src := &mint{life: 15 * time.Minute, began: func(n int) {
		began <- n
		if n > 1 {
			<-release
		}
	}}
	cache := auth.NewCache(src)
	mustToken(t, cache)
	<-began
	auth.Shift(cache, time.Hour, 0)
	var wg sync.WaitGroup
	wg.Go(func() {
		if got, err := cache.Token(t.Context()); err != nil || got.AccessToken != "token-2" {
			t.Errorf("Token = %v, %v", got, err)
		}
	})
	<-began
	flight := auth.Flight(cache)
	auth.Shift(cache, 12*time.Minute-time.Hour, 12*time.Minute)
	if got := mustToken(t, cache); got != "token-1" {
		t.Errorf("current token %s, want token-1", got)
	}
	if auth.Flight(cache) != flight {
		t.Error("a second fetch was started")
	}
	close(release)
	wg.Wait()
}

func TestCacheObserver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var events []auth.FetchReport
		src := &mint{life: time.Minute, takes: time.Second}
		src.fail = func(n int) error {
			switch n {
			case 3:
				return errDown
			case 4:
				panic("boom")
			}
			return nil
		}
		cache := auth.NewCache(src, auth.WithObserver(func(f auth.FetchReport) {
			events = append(events, f)
			panic("of an observer")
		}))
		start := time.Now()
		mustToken(t, cache) // 1: a caller waits
		if len(events) != 1 {
			t.Fatalf("%d events after the first fetch, want 1", len(events))
		}
		time.Sleep(50 * time.Second)
		mustToken(t, cache) // 2: early
		time.Sleep(time.Hour)
		synctest.Wait()
		_, _ = cache.Token(t.Context()) // 3: fails
		_, _ = cache.Token(t.Context()) // 4: panics
		if len(events) != 4 {
			t.Fatalf("%d events, want 4: %v", len(events), events)
		}
		want := []struct {
			at    time.Duration
			early bool
			ok    bool
		}{{0, false, true}, {51 * time.Second, true, true}, {3651 * time.Second, false, false}, {3652 * time.Second, false, false}}
		for i, w := range want {
			e := events[i]
			if e.Start.Sub(start) != w.at || e.Duration != time.Second || e.Early != w.early || e.Attempts != 0 {
				t.Errorf("event %d: %+v, want start %v, 1s, early %v", i, e, w.at, w.early)
			}
			if w.ok && (e.Err != nil || !e.Expiry.Equal(e.Start.Add(61*time.Second))) {
				t.Errorf("event %d: error %v, expiry %v", i, e.Err, e.Expiry)
			}
			if !w.ok && (e.Err == nil || !e.Expiry.IsZero()) {
				t.Errorf("event %d: error %v, expiry %v", i, e.Err, e.Expiry)
			}
		}
		if !errors.Is(events[2].Err, errDown) || !strings.Contains(events[3].Err.Error(), "panicked") {
			t.Errorf("errors %v and %v", events[2].Err, events[3].Err)
		}
	})
}

// TestCacheObserverComesFirst tests that callers get the token after the
// observer has returned.
func TestCacheObserverComesFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cache := auth.NewCache(&mint{}, auth.WithObserver(func(auth.FetchReport) { time.Sleep(time.Second) }))
		start := time.Now()
		mustToken(t, cache)
		if time.Since(start) != time.Second {
			t.Errorf("a token after %v, want 1s", time.Since(start))
		}
	})
}

// TestCacheRace does everything at once with short-lived tokens, for the race
// detector.
func TestCacheRace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := &mint{life: time.Second, takes: time.Millisecond}
		cache := auth.NewCache(src, auth.WithObserver(func(auth.FetchReport) {}))
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for range 200 {
					tok, err := cache.Token(t.Context())
					if err != nil || !tok.Expiry.After(time.Now()) {
						t.Errorf("Token = %v, %v", tok, err)
						return
					}
					if rand.N(50) == 0 {
						cache.Invalidate(tok)
					}
					_ = cache.String()
					time.Sleep(rand.N(10 * time.Millisecond))
				}
			})
		}
		wg.Wait()
	})
}

// TestCacheCountsConcurrentAttempts tests a source that sends requests from
// several goroutines.
func TestCacheCountsConcurrentAttempts(t *testing.T) {
	hc := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return reply(http.StatusUnauthorized, "{}"), nil
	})}
	one := auth.NewClientCredentials(auth.Credentials{}, service, hc)
	var attempts []int
	cache := auth.NewCache(sourceFunc(func(ctx context.Context) (*auth.Token, error) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _, _ = one.Token(ctx) })
		}
		wg.Wait()
		return &auth.Token{AccessToken: "a"}, nil
	}), auth.WithObserver(func(f auth.FetchReport) { attempts = append(attempts, f.Attempts) }))
	mustToken(t, cache)
	if !slices.Equal(attempts, []int{8}) {
		t.Errorf("attempts %v, want [8]", attempts)
	}
}
