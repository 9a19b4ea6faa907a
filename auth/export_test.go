package auth

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"
)

// What the tests of package auth_test need to see.

const (
	MaxShared = maxShared
	Redacted  = redacted
)

var LifetimeOfJWT = lifetimeOfJWT

// SharedCaches is how many caches the process keeps.
func SharedCaches() int {
	caches.mu.Lock()
	defer caches.mu.Unlock()
	if len(caches.byKey) != caches.recent.Len() {
		panic("the registry's map and list differ")
	}
	return caches.recent.Len()
}

// SharedCache is the cache behind a source that [Shared] made.
func SharedCache(src TokenSource) *Cache { return src.(*shared).cache }

// Flight is the fetch under way, to compare.
func Flight(c *Cache) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flight
}

// NoFlight is what Flight returns when no fetch is under way.
var NoFlight any = (*flight)(nil)

// LateWait returns what is left to do for a caller that found no token.
func LateWait(c *Cache) func() (*Token, error) {
	return func() (*Token, error) { return c.wait(context.Background(), c.src, c.observe) }
}

// LateRefresh returns what is left to do for a caller that found the token now
// in force to be due for a refresh.
func LateRefresh(c *Cache) func() {
	h := c.held.Load()
	return func() { c.refresh(context.Background(), c.src, c.observe, h) }
}

// Age is how old a token is that was stored when the clocks showed wall and
// mono less than now.
func Age(wall, mono time.Duration) time.Duration { return reading{past(wall, mono)}.age() }

// Shift makes the token in force look as if it had been stored when the wall
// clock and the monotonic clock showed wall and mono less than they did: a
// machine that slept for an hour shows the hour on its wall clock alone.
func Shift(c *Cache, wall, mono time.Duration) {
	old := c.held.Load()
	h := &held{tok: old.tok, born: reading{past(wall, mono)}, life: old.life, refreshAt: atomic.Int64{}}
	h.refreshAt.Store(old.refreshAt.Load())
	c.held.Store(h)
}

// past is the current time with both of its clocks set back. Package time has
// no way to set them apart.
func past(wall, mono time.Duration) time.Time {
	t := time.Now().Add(-wall)
	layout := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t))
	layout.ext += int64(wall - mono)
	if now := time.Now(); now.Sub(t).Round(time.Minute) != mono.Round(time.Minute) ||
		now.Round(0).Sub(t.Round(0)).Round(time.Minute) != wall.Round(time.Minute) {
		panic("time.Time is not laid out as this test believes")
	}
	return t
}
