package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

// released calls Wait n times at once on each fleet and returns when each call returned
// nil, in order.
func released(t *testing.T, list []*fleet.Fleet, key string, n int) []time.Duration {
	t.Helper()
	start := time.Now()
	var mu sync.Mutex
	var times []time.Duration
	var wg sync.WaitGroup
	for _, f := range list {
		for range n {
			wg.Go(func() {
				if err := f.Wait(t.Context(), key); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				times = append(times, time.Since(start))
			})
		}
	}
	wg.Wait()
	slices.Sort(times)
	return times
}

// All processes know of a pause soon, and nothing else waits.
func testPauseSpreads(t *testing.T, addr string, m mode) {
	t.Helper()
	list, key := fleets(t, addr, m, 4), "spreading "+m.name
	for range 3 {
		released(t, list, key, 1)
	}
	soonest := time.Now().Add(2 * time.Second)
	list[0].Pause(t.Context(), key, 2*time.Second)
	latest := time.Now().Add(2 * time.Second)
	time.Sleep(50 * time.Millisecond)
	for i, f := range list {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		most := time.Until(latest)
		err := f.Wait(ctx, key)
		least := time.Until(soonest)
		cancel()
		const slack = 10 * time.Millisecond
		if e, ok := errors.AsType[client.PausedError](err); !ok || e.RetryAfter < least-slack || e.RetryAfter > most+slack || !errors.Is(err, client.ErrRateLimited) {
			t.Errorf("fleet %d: %v, want from %v to %v", i, err, least, most)
		}
	}
	if times := released(t, list, "another", 5); times[len(times)-1] > 300*time.Millisecond {
		t.Errorf("another key waits for %v", times[len(times)-1])
	}
	list[1].Pause(t.Context(), key, time.Second/2) // does not shorten it
	list[2].Pause(t.Context(), key, 2*time.Second)
	list[3].Pause(t.Context(), key, -time.Second)
	times := released(t, list, key, 10)
	if first, last := times[0], times[len(times)-1]; first < 1900*time.Millisecond || last > 8500*time.Millisecond || last-first < time.Second {
		t.Errorf("released from %v to %v", first, last)
	}
}

// After a pause, all processes together are as fast as they were before.
func testPace(t *testing.T, addr string, m mode) {
	t.Helper()
	list := fleets(t, addr, m, 4, fleet.WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil))))
	released(t, list, "paced", 25)
	list[0].Pause(t.Context(), "paced", time.Second)
	time.Sleep(200 * time.Millisecond)      // until all know
	times := released(t, list, "paced", 50) // one of the 100 was refused
	const slack = 40                        // for what a busy machine does late
	for n := 0; n+100+slack < len(times); n++ {
		if d := times[n+100+slack] - times[n]; d < 850*time.Millisecond {
			t.Fatalf("numbers %d to %d were released within %v", n, n+100+slack, d)
		}
	}
	if last := times[len(times)-1]; last < 2200*time.Millisecond || last > 4500*time.Millisecond {
		t.Errorf("the last was released after %v", last)
	}
}

// A process that says late what it let through before a pause makes the pace faster.
func TestLateReport(t *testing.T) {
	t.Parallel()
	list := fleets(t, startServer(t).addr(), caching, 2, fleet.WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil))))
	released(t, list, "k", 50)
	list[0].Pause(t.Context(), "k", time.Second)
	released(t, list[:1], "k", 1) // after that, there is a pace of 49 a second
	released(t, list[1:], "k", 1)
	times := released(t, list[1:], "k", 200) // which is about 100
	if last := times[len(times)-1]; last < 1500*time.Millisecond || last > 3200*time.Millisecond {
		t.Errorf("the last was released after %v", last)
	}
}

// The process that pauses holds its own requests back at once.
func TestPauseHoldsAtOnce(t *testing.T) {
	t.Parallel()
	f := fleets(t, startServer(t).addr(), caching, 1)[0]
	for i := range 50 {
		key := fmt.Sprint(i)
		released(t, []*fleet.Fleet{f}, key, 1)
		f.Pause(t.Context(), key, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := f.Wait(ctx, key); !errors.Is(err, client.ErrRateLimited) {
			t.Errorf("key %d: %v", i, err)
		}
		cancel()
	}
}

// Callers who lose patience keep nobody from what a vendor accepts.
func TestImpatientCallers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes a quarter of a minute")
	}
	const limit, whole, counted = 20, 16 * time.Second, 10 * time.Second
	service := &limited{limit: limit}
	list := fleets(t, startServer(t).addr(), caching, 2)
	var mu sync.Mutex
	var accepted, refused int
	start := time.Now()
	time.AfterFunc(whole-counted, func() { list[0].Pause(t.Context(), "k", time.Second) }) // whatever the reason
	var wg sync.WaitGroup
	for n := 0; time.Since(start) < whole; n++ {
		f := list[n%2]
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			time.AfterFunc(500*time.Millisecond, cancel) // nobody knows of that before
			if err := f.Wait(ctx, "k"); err != nil {
				return
			}
			ok := service.take(time.Now())
			if !ok {
				f.Pause(t.Context(), "k", time.Second)
			}
			mu.Lock()
			defer mu.Unlock()
			if !ok {
				refused++
			} else if time.Since(start) > whole-counted {
				accepted++
			}
		})
		time.Sleep(5 * time.Millisecond)
	}
	wg.Wait()
	const most = limit * int(counted/time.Second)
	text := fmt.Sprintf("%d accepted of %d, %d refused", accepted, most, refused)
	if t.Log(text); accepted < most/2 || refused > most/2 { // a busy machine lets some come too late
		t.Error(text)
	}
}
