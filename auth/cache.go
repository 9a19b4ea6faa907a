package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

const (
	fetchTimeout = 30 * time.Second // of one fetch, including its retries
	maxLead      = 5 * time.Minute  // how long before expiry an early refresh may start
	maxMargin    = 10 * time.Second // how early a token counts as expired, for transit and clock skew
	minBackoff   = time.Second      // between failed early refreshes
	maxBackoff   = time.Minute
	holdRefusal  = 3 * time.Second // how long a permanent failure is remembered
)

// A Cache is a [TokenSource] that keeps the token of another source and shares
// it between callers.
//
// Callers that need a token at the same time share one fetch, its result and
// its error. The ctx of a caller limits only how long that caller waits. The
// fetch runs in its own goroutine with the values of the ctx of the caller that
// started it, but with a timeout of its own, 30 seconds.
//
// When a third of the lifetime of the token or 5 minutes are left, whichever is
// less, the next call of Token starts a refresh in the background and returns
// the current token. The refresh starts later by up to a fifth of that time, at
// random, so that many programs do not refresh at once. If a refresh fails, a
// later call of Token tries again, after a pause that grows from about 1 second
// to at most 1 minute. The current token is returned until it expires and never
// after that. A token counts as expired 10 seconds early, or a tenth of its
// lifetime if that is less.
//
// If the service refuses the credentials (status 400, 401 or 403), or if it
// sends another response that a retry would not change, the error is remembered
// for 3 seconds, so that a busy program does not flood the service with
// requests. So is an error with which the service asked to wait (Retry-After).
//
// A Cache does not have to be closed. Its only goroutine is that of a fetch in
// progress.
type Cache struct {
	src     TokenSource
	observe func(FetchReport)

	held      atomic.Pointer[held] // the current token, or nil
	confirmed atomic.Bool          // of scoped tokens: whether Scope.Confirm has returned nil

	mu       sync.Mutex
	flight   *flight // the fetch in progress, or nil
	last     *Token  // the latest token, even if it was invalidated
	failures int     // failed early refreshes of the current token
	refusal  error   // the last permanent failure
	until    reading // when refusal is forgotten
}

// A FetchReport describes one fetch of a [Cache] to its observer. It contains
// no secret.
type FetchReport struct {
	Start    time.Time
	Duration time.Duration
	Early    bool      // whether there was a valid token, so that no caller waited
	Attempts int       // number of requests sent, 0 if the source does not report it
	Expiry   time.Time // of the new token; zero if there is none or it does not expire
	Assumed  bool      // whether the service did not say when the token expires; then Expiry is early
	Err      error     // nil if there is a new token

	// FromStore is whether the token came from a [Store], because another process
	// had fetched it. StoreErr is why the store had none or could not take the one
	// that was fetched; it is no error of the fetch.
	FromStore bool
	StoreErr  error
}

// A CacheOption configures a [Cache]; see [NewCache].
type CacheOption func(*Cache)

// WithObserver calls f after each fetch, in the goroutine of the fetch. Callers
// that need the token wait for f, so it should be fast. Calls for two fetches
// may overlap. A panic in f is recovered and ignored.
func WithObserver(f func(FetchReport)) CacheOption { return func(c *Cache) { c.observe = f } }

// NewCache returns a Cache for the tokens of src. It does not fetch a token
// before the first call of Token.
func NewCache(src TokenSource, opts ...CacheOption) *Cache {
	c := &Cache{src: src}
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	return c
}

// Token returns a token that has not expired. If there is none, Token fetches
// one, and returns the error of the source if that fails. If ctx is done first,
// Token returns an error that wraps the error of ctx and its cause.
func (c *Cache) Token(ctx context.Context) (*Token, error) {
	return c.token(ctx, c.src, c.observe)
}

// token is like Token, but uses the source and the observer of one of the
// clients that share the cache.
func (c *Cache) token(ctx context.Context, src TokenSource, observe func(FetchReport)) (*Token, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("auth: %w", timing.Ended(ctx))
	}
	if h := c.held.Load(); h != nil {
		if age := h.born.age(); age < h.life {
			if age >= time.Duration(h.refreshAt.Load()) {
				c.refresh(ctx, src, observe, h)
			}
			return h.tok, nil
		}
	}
	return c.wait(ctx, src, observe)
}

// Invalidate discards tok if it is the current token. If tok is an older one,
// whose refusal arrived late, Invalidate keeps the current token. If the source
// of the cache has an Invalidate method, Invalidate calls it first.
// [Authorizer.Do] calls Invalidate when the response is a 401.
func (c *Cache) Invalidate(tok *Token) {
	if tok == nil {
		return
	}
	// The source comes first, so that the next fetch does not get the same
	// token again.
	if src, ok := c.src.(invalidator); ok {
		src.Invalidate(tok)
	}
	if h := c.held.Load(); h != nil && h.tok.AccessToken == tok.AccessToken {
		c.held.CompareAndSwap(h, nil)
	}
}

// refresh starts an early fetch unless a fetch is in progress.
func (c *Cache) refresh(ctx context.Context, src TokenSource, observe func(FetchReport), h *held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight == nil && c.held.Load() == h && h.born.age() >= time.Duration(h.refreshAt.Load()) {
		c.start(ctx, src, observe, true)
		h.refreshAt.Store(math.MaxInt64) // no caller needs to come here until the fetch has ended
	}
}

// wait waits for the fetch in progress, or starts one.
func (c *Cache) wait(ctx context.Context, src TokenSource, observe func(FetchReport)) (*Token, error) {
	c.mu.Lock()
	if h := c.held.Load(); h != nil && h.born.age() < h.life { // published in the meantime
		c.mu.Unlock()
		return h.tok, nil
	}
	f := c.flight
	if f == nil {
		if c.refusal != nil && !c.until.passed() {
			err := c.refusal
			c.mu.Unlock()
			return nil, err
		}
		f = c.start(ctx, src, observe, false)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.tok, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("auth: waiting for a token: %w", timing.Ended(ctx))
	}
}

// A flight is one fetch. tok and err are set before done is closed.
type flight struct {
	done chan struct{}
	tok  *Token
	err  error
}

// start starts a fetch. The caller must hold c.mu.
func (c *Cache) start(ctx context.Context, src TokenSource, observe func(FetchReport), early bool) *flight {
	f := &flight{done: make(chan struct{})}
	c.flight = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	last := c.last
	go func() {
		defer cancel()
		c.run(ctx, f, src, observe, early, last)
	}()
	return f
}

// run fetches a token and publishes the result, even if the source panics or
// calls runtime.Goexit.
func (c *Cache) run(ctx context.Context, f *flight, src TokenSource, observe func(FetchReport), early bool, last *Token) {
	ev := FetchReport{Start: time.Now(), Early: early}
	n := &notes{last: last}
	ctx = context.WithValue(ctx, notesKey{}, n)
	err := errors.New("auth: the token source called runtime.Goexit")
	var tok *Token
	defer func() {
		if v := recover(); v != nil {
			tok, err = nil, fmt.Errorf("auth: the token source panicked: %v", v)
		}
		c.publish(f, tok, err)
		ev.Duration, ev.Err, ev.Attempts = time.Since(ev.Start), f.err, int(n.attempts.Load())
		ev.StoreErr = n.storeErr
		if f.tok != nil {
			ev.Expiry, ev.Assumed, ev.FromStore = f.tok.Expiry, f.tok.assumed, f.tok.fromStore()
		}
		defer close(f.done)
		if observe != nil {
			defer func() { _ = recover() }()
			observe(ev)
		}
	}()
	if src == nil {
		err = fmt.Errorf("auth: %w", errNoSource)
		return
	}
	tok, err = src.Token(ctx)
}

// notes go with the ctx of a fetch of a cache.
type notes struct {
	attempts atomic.Int64 // the number of requests, which the observer gets
	last     *Token       // the token that is to be replaced, or nil
	storeErr error        // why the store was of no use
}

type notesKey struct{}

func countAttempt(ctx context.Context) {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		n.attempts.Add(1)
	}
}

// publish stores the result of a fetch in f and in the cache.
func (c *Cache) publish(f *flight, tok *Token, err error) {
	now := time.Now()
	if err == nil {
		if err = tok.check(now); err != nil {
			tok, err = nil, fmt.Errorf("auth: %w", err)
		}
	} else {
		tok = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.tok, f.err = tok, err
	c.flight = nil
	if err == nil {
		c.failures, c.refusal, c.last = 0, nil, tok
		c.held.Store(hold(tok, now))
		return
	}
	if permanent(err) {
		c.refusal, c.until = err, readClock().add(holdRefusal)
	}
	if h := c.held.Load(); h != nil {
		pause := min(minBackoff<<min(c.failures, 10), maxBackoff)
		pause = pause/2 + rand.N(pause/2+1)
		h.refreshAt.Store(int64(h.born.age() + pause))
		c.failures++
	}
}

// A held is the current token of a cache.
type held struct {
	tok       *Token
	born      reading
	life      time.Duration // from born; after that, the token is not returned
	refreshAt atomic.Int64  // age, a time.Duration, at which an early refresh is due
}

// hold makes tok a current token. now is when check accepted tok: read later,
// the clock could make its life negative.
func hold(tok *Token, now time.Time) *held {
	h := &held{tok: tok, born: reading{now}, life: math.MaxInt64}
	h.refreshAt.Store(math.MaxInt64)
	if !tok.Expiry.IsZero() {
		life := tok.Expiry.Sub(now)
		lead := min(life/3, maxLead)
		lead -= rand.N(lead/5 + 1) // so that programs started together do not refresh together
		h.life = life - margin(life)
		h.refreshAt.Store(int64(life - lead))
	}
	return h
}

// margin returns how early a token with the given lifetime counts as expired.
func margin(life time.Duration) time.Duration { return min(life/10, maxMargin) }

// A reading is a point in time on both clocks. The monotonic clock stops while
// the machine sleeps, and the wall clock can be set, so the age of a reading is
// the longer one of the two.
type reading struct{ at time.Time }

func readClock() reading { return reading{time.Now()} }

func (r reading) add(d time.Duration) reading { return reading{r.at.Add(d)} }

// age returns the time since r.
func (r reading) age() time.Duration {
	now := time.Now()
	return max(now.Sub(r.at), time.Duration(now.UnixNano()-r.at.UnixNano()))
}

func (r reading) passed() bool { return r.age() >= 0 }

// String returns the state of the cache, without its token.
func (c *Cache) String() string {
	h := c.held.Load()
	switch {
	case h == nil:
		return "auth.Cache{no token}"
	case h.tok.Expiry.IsZero():
		return "auth.Cache{token that does not expire}"
	}
	return fmt.Sprintf("auth.Cache{token until %s}", h.tok.Expiry.Format(time.RFC3339))
}

// Format implements [fmt.Formatter]. It writes the result of String for every
// verb.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer]. It returns the result of String.
func (c *Cache) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText implements [encoding.TextMarshaler]. It returns the result of
// String.
func (c *Cache) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
