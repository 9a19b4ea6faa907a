package auth_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// These benchmarks measure the fast path: there is a token that is not due for
// a refresh. They compare it, alternately and within one run, with the same
// operation of golang.org/x/oauth2, which has no ctx. `make bench` prints the
// results as a table.

// perCall returns the nanoseconds and allocations of a call, measured over n
// calls by each of the workers. All workers together count as one.
func perCall(b *testing.B, workers, n int, call func() error) (ns, allocs float64) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	block := func() {
		for range n {
			if err := call(); err != nil {
				b.Error(err)
				return
			}
		}
	}
	if workers == 1 {
		block()
	} else {
		var wg sync.WaitGroup
		for range workers {
			wg.Go(block)
		}
		wg.Wait()
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return float64(took.Nanoseconds()) / float64(n*workers), math.Floor(float64(after.Mallocs-before.Mallocs) / float64(n*workers))
}

// compare alternates between blocks of calls of Token, of x/oauth2 and of the
// clock, which both must read. It reports the median of the ratios and the
// nanoseconds of the fastest block, since other work on the machine can only
// add to them.
func compare(b *testing.B, workers int, cache *auth.Cache) {
	const n = 100_000
	ctx := b.Context()
	token := func() error { _, err := cache.Token(ctx); return err }
	src := oauth2.ReuseTokenSource(&oauth2.Token{AccessToken: "a", Expiry: time.Now().Add(time.Hour)}, nil)
	theirs := func() error { _, err := src.Token(); return err }
	clock := func() error { _ = time.Now(); return nil }
	var ours, others, clocks, allocs, ratios []float64
	for b.Loop() {
		o, a := perCall(b, workers, n, token)
		t, _ := perCall(b, workers, n, theirs)
		c, _ := perCall(b, workers, n, clock)
		ours, others, clocks = append(ours, o), append(others, t), append(clocks, c)
		allocs, ratios = append(allocs, a), append(ratios, o/t)
	}
	b.ReportMetric(0, "ns/op") // the time of a block of all three is meaningless
	b.ReportMetric(slices.Sorted(slices.Values(ratios))[len(ratios)/2], "time-ratio")
	b.ReportMetric(slices.Min(ours), "sdk-ns")
	b.ReportMetric(slices.Min(others), "oauth2-ns")
	b.ReportMetric(slices.Min(clocks), "clock-ns")
	b.ReportMetric(slices.Max(allocs), "sdk-allocs")
}

func BenchmarkToken(b *testing.B) { compare(b, 1, auth.NewCache(&mint{life: time.Hour})) }

func BenchmarkTokenParallel(b *testing.B) {
	compare(b, runtime.GOMAXPROCS(0), auth.NewCache(&mint{life: time.Hour}))
}

// BenchmarkTokenDuringRefresh measures calls during a refresh that takes as
// long as the benchmark.
func BenchmarkTokenDuringRefresh(b *testing.B) {
	src := &mint{life: time.Hour}
	cache := auth.NewCache(src)
	if _, err := cache.Token(context.Background()); err != nil {
		b.Fatal(err)
	}
	auth.Shift(cache, 58*time.Minute, 58*time.Minute)
	release := make(chan struct{})
	defer close(release)
	src.began = func(int) { <-release }
	compare(b, runtime.GOMAXPROCS(0), cache)
	if src.fetches() != 2 {
		b.Errorf("%d fetches, want the first one and the one in progress", src.fetches())
	}
}
