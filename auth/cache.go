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
)

const (
	fetchTimeout = 30 * time.Second // one fetch, its retries included
	maxLead      = 5 * time.Minute  // longest time before expiry to refresh in
	maxMargin    = 10 * time.Second // how early a token counts as expired, for transit and skew
	minBackoff   = time.Second      // between failed early refreshes
	maxBackoff   = time.Minute
	holdRefusal  = 3 * time.Second // how long a permanent failure is remembered
)

// A Cache keeps the token of a source and shares it between callers.
//
// Any number of callers that need a token at once share one fetch, its result
// and its error. A fetch does not end with the ctx of the caller that happened
// to start it: that ctx bounds only how long this caller waits, the fetch has
// 30 seconds of its own. When a third of a token's life (at most 5 minutes) is
// left, the next call starts a refresh in the background and returns the token
// at hand; a refresh that fails is tried again later, with growing pauses, and
// the token serves until it expires, never longer. A token counts as expired
// min(10 s, a tenth of its life) early.
//
// A refusal of the credentials (status 400, 401 or 403) is remembered for a few
// seconds, so that a busy program does not hammer the service with them; so is
// a failure with which the service asked to wait (Retry-After).
//
// A Cache needs no closing: its only goroutine is the fetch under way.
type Cache struct {
	src     TokenSource
	observe func(Fetch)

	held atomic.Pointer[held] // the token in force; nil when there is none

	mu       sync.Mutex
	flight   *flight // the fetch under way; nil when there is none
	failures int     // failed early refreshes of the token in force
	refusal  error   // the last permanent failure…
	until    reading // …and when it is forgotten
}

// A Fetch is one attempt of a [Cache] to get a token, as an observer sees it.
// It holds no secret.
type Fetch struct {
	Start    time.Time
	Duration time.Duration
	Early    bool      // a token was in force: no caller waited
	Attempts int       // requests sent, 0 where the source does not tell
	Expiry   time.Time // of the new token; zero when it does not expire
	Err      error     // nil when there is a new token
}

// A CacheOption changes what [NewCache] makes.
type CacheOption func(*Cache)

// WithObserver has f called after each fetch, in the goroutine of the fetch:
// callers that need the token wait for it, so it should be quick. Calls for two
// fetches may overlap. A panic in it is contained.
func WithObserver(f func(Fetch)) CacheOption { return func(c *Cache) { c.observe = f } }

// NewCache is a cache over src. Nothing is fetched before the first call of
// Token.
func NewCache(src TokenSource, opts ...CacheOption) *Cache {
	c := &Cache{src: src}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// Token returns a token that has not expired, fetching one if there is none. It
// returns early, with the error of ctx, when ctx ends first.
func (c *Cache) Token(ctx context.Context) (*Token, error) {
	return c.token(ctx, c.src, c.observe)
}

// token is Token with the source and the observer of one client among those
// that share the cache.
func (c *Cache) token(ctx context.Context, src TokenSource, observe func(Fetch)) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
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

// Invalidate drops tok if it is the token in force: a late refusal of an older
// token leaves the newer one alone. Package auth calls it when the service
// answers 401. If the source of the cache has an Invalidate method, it is
// called first.
func (c *Cache) Invalidate(tok *Token) {
	if tok == nil {
		return
	}
	// First, so that a fetch that follows does not get the same token again.
	if src, ok := c.src.(invalidator); ok {
		src.Invalidate(tok)
	}
	if h := c.held.Load(); h != nil && h.tok.AccessToken == tok.AccessToken {
		c.held.CompareAndSwap(h, nil)
	}
}

// refresh starts an early fetch unless one is under way.
func (c *Cache) refresh(ctx context.Context, src TokenSource, observe func(Fetch), h *held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flight == nil && c.held.Load() == h && h.born.age() >= time.Duration(h.refreshAt.Load()) {
		c.start(ctx, src, observe, true)
		h.refreshAt.Store(math.MaxInt64) // nobody need come here again before the outcome is known
	}
}

// wait joins the fetch under way, or starts one.
func (c *Cache) wait(ctx context.Context, src TokenSource, observe func(Fetch)) (*Token, error) {
	c.mu.Lock()
	if h := c.held.Load(); h != nil && h.born.age() < h.life { // published meanwhile
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
		return nil, fmt.Errorf("auth: waiting for a token: %w", ctx.Err())
	}
}

// A flight is one fetch; tok and err are there once done is closed.
type flight struct {
	done chan struct{}
	tok  *Token
	err  error
}

// start begins a fetch. The caller holds c.mu.
func (c *Cache) start(ctx context.Context, src TokenSource, observe func(Fetch), early bool) *flight {
	f := &flight{done: make(chan struct{})}
	c.flight = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	go func() {
		defer cancel()
		c.run(ctx, f, src, observe, early)
	}()
	return f
}

// run fetches and publishes, whatever the source does.
func (c *Cache) run(ctx context.Context, f *flight, src TokenSource, observe func(Fetch), early bool) {
	ev := Fetch{Start: time.Now(), Early: early}
	var attempts atomic.Int64
	ctx = context.WithValue(ctx, attemptsKey{}, &attempts)
	err := errors.New("auth: the token source ended its goroutine")
	var tok *Token
	defer func() {
		if v := recover(); v != nil {
			tok, err = nil, fmt.Errorf("auth: the token source panicked: %v", v)
		}
		c.publish(f, tok, err)
		ev.Duration, ev.Err, ev.Attempts = time.Since(ev.Start), f.err, int(attempts.Load())
		if f.tok != nil {
			ev.Expiry = f.tok.Expiry
		}
		defer close(f.done)
		if observe != nil {
			defer func() { _ = recover() }()
			observe(ev)
		}
	}()
	if src == nil {
		err = errors.New("auth: the cache has no token source")
		return
	}
	tok, err = src.Token(ctx)
}

// attemptsKey is the context key under which a source counts its requests for
// the observer.
type attemptsKey struct{}

func countAttempt(ctx context.Context) {
	if n, ok := ctx.Value(attemptsKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// publish makes the outcome of a fetch the state of the cache.
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
		c.failures, c.refusal = 0, nil
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

// held is a token in force.
type held struct {
	tok       *Token
	born      reading
	life      time.Duration // counted from born; after it the token is not given out
	refreshAt atomic.Int64  // age, a duration, from which on to refresh early
}

// hold puts tok in force at now, the time at which check accepted it: a later
// reading of the clock could make its life negative.
func hold(tok *Token, now time.Time) *held {
	h := &held{tok: tok, born: reading{now}, life: math.MaxInt64}
	h.refreshAt.Store(math.MaxInt64)
	if !tok.Expiry.IsZero() {
		life := tok.Expiry.Sub(now)
		lead := min(life/3, maxLead)
		lead -= rand.N(lead/5 + 1) // so that a fleet started at once does not refresh at once
		h.life = life - min(life/10, maxMargin)
		h.refreshAt.Store(int64(life - lead))
	}
	return h
}

// A reading is a point in time on both clocks. The monotonic one stands still
// while the machine sleeps, the wall clock can be set: what counts is the one
// on which more time went by.
type reading struct{ at time.Time }

func readClock() reading { return reading{time.Now()} }

func (r reading) add(d time.Duration) reading { return reading{r.at.Add(d)} }

// age is the time since r.
func (r reading) age() time.Duration {
	now := time.Now()
	return max(now.Sub(r.at), time.Duration(now.UnixNano()-r.at.UnixNano()))
}

func (r reading) passed() bool { return r.age() >= 0 }

// String tells the state of the cache, without its token.
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

// Format writes what String returns, for every verb.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c *Cache) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns.
func (c *Cache) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
