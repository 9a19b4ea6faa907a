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

// The hot path: a token is there and not due for a refresh. The benchmarks
// compare it, in turns and within one run, with what golang.org/x/oauth2 does
// for the same, without a ctx. `make bench` puts the results into a table.

// perCall is how many nanoseconds and allocations a call takes, in a block of n
// calls by each of some workers. All workers together count as one.
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

// compare runs blocks of calls of Token, of x/oauth2 and of the clock, which
// both have to read, by turns. Ratios are medians; nanoseconds are those of the
// fastest block, since whatever else the machine does only adds to them.
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
	b.ReportMetric(0, "ns/op") // that of a block of both says nothing
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

// While a refresh is under way, which takes as long as the benchmark.
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
		b.Errorf("%d fetches, want the first one and the one under way", src.fetches())
	}
}
