package auth

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"
)

// Exports for the tests in package auth_test.

const (
	MaxShared = maxShared
	Redacted  = redacted

	HeaderOrganizationID = headerOrganizationID
)

var LifetimeOfJWT = lifetimeOfJWT

// SharedCaches returns the number of caches that the process keeps.
func SharedCaches() int {
	caches.mu.Lock()
	defer caches.mu.Unlock()
	if len(caches.byKey) != caches.recent.Len() {
		panic("the registry's map and list differ")
	}
	return caches.recent.Len()
}

// SharedCache returns the cache of a source that [Shared] returned.
func SharedCache(src TokenSource) *Cache { return src.(*shared).cache }

// Flight returns the fetch in progress, for comparison.
func Flight(c *Cache) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flight
}

// NoFlight is the result of Flight if no fetch is in progress.
var NoFlight any = (*flight)(nil)

// LateWait returns the rest of a call of Token that found no token.
func LateWait(c *Cache) func() (*Token, error) {
	return func() (*Token, error) { return c.wait(context.Background(), c.own) }
}

// LateRefresh returns the rest of a call of Token that found the current token
// to be due for a refresh.
func LateRefresh(c *Cache) func() {
	h := c.held.Load()
	return func() { c.refresh(context.Background(), c.own, h) }
}

// Age returns the age of a token that was stored when the wall clock and the
// monotonic clock showed wall and mono less than now.
func Age(wall, mono time.Duration) time.Duration { return reading{past(wall, mono)}.age() }

// Shift makes the current token look as if it had been stored when the wall
// clock and the monotonic clock showed wall and mono less than they did. If a
// machine sleeps for an hour, for example, only its wall clock advances by that
// hour.
func Shift(c *Cache, wall, mono time.Duration) {
	old := c.held.Load()
	h := &held{tok: old.tok, born: reading{past(wall, mono)}, life: old.life, refreshAt: atomic.Int64{}}
	h.refreshAt.Store(old.refreshAt.Load())
	c.held.Store(h)
}

// past returns the current time with its two clocks set back by wall and mono.
// Package time cannot set them separately.
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
		panic("time.Time does not have the layout that this test assumes")
	}
	return t
}
