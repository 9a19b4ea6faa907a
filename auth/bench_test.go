package auth_test

import (
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// The hot path: a token is there and not due for a refresh.

func BenchmarkToken(b *testing.B) {
	cache := auth.NewCache(&mint{life: time.Hour})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Token(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokenParallel(b *testing.B) {
	cache := auth.NewCache(&mint{life: time.Hour})
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := cache.Token(ctx); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// While a refresh is under way, which takes as long as the benchmark.
func BenchmarkTokenDuringRefresh(b *testing.B) {
	src := &mint{life: time.Hour}
	cache := auth.NewCache(src)
	ctx := b.Context()
	if _, err := cache.Token(ctx); err != nil {
		b.Fatal(err)
	}
	auth.Shift(cache, 58*time.Minute, 58*time.Minute)
	release := make(chan struct{})
	defer close(release)
	src.began = func(int) { <-release }
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := cache.Token(ctx); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// What golang.org/x/oauth2 does for the same, without a ctx.

func BenchmarkTokenOAuth2(b *testing.B) {
	src := oauth2.ReuseTokenSource(&oauth2.Token{AccessToken: "a", Expiry: time.Now().Add(time.Hour)}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := src.Token(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokenOAuth2Parallel(b *testing.B) {
	src := oauth2.ReuseTokenSource(&oauth2.Token{AccessToken: "a", Expiry: time.Now().Add(time.Hour)}, nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := src.Token(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
