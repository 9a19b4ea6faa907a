package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPartPrints(t *testing.T) {
	c, err := New(WithBaseURL("https://api.test"), WithCredentials("app", "app-secret-0815"), WithWorkspaceName("acme"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := part{c}.MarshalText()
	for _, got := range []string{fmt.Sprintf("%v", part{c}), fmt.Sprintf("%#v", part{c}), fmt.Sprintf("%x", part{c}), string(text)} {
		if got != c.String() || err != nil {
			t.Errorf("got %s, %v; want %s", got, err, c)
		}
	}
}

func TestInParallel(t *testing.T) {
	var items []int
	for i := range 50 {
		items = append(items, i)
	}
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		start := time.Now()
		got, err := inParallel(t.Context(), items, 8, func(_ context.Context, i int) (string, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n) // may be late by one, which does not matter: see the time below
			}
			defer now.Add(-1)
			time.Sleep(time.Duration(50-i) * time.Second) // the first one ends last
			return fmt.Sprint("r", i), nil
		})
		if err != nil || len(got) != len(items) {
			t.Fatalf("%d results, %v", len(got), err)
		}
		for i, r := range got {
			if r != fmt.Sprint("r", i) {
				t.Errorf("result %d is %s", i, r)
			}
		}
		if n := most.Load(); n > 8 || n < 7 {
			t.Errorf("%d at a time, want 8", n)
		}
		// 1,275 seconds of work, 8 at a time
		if d := time.Since(start); d < 159*time.Second || d > 200*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestInParallelNothing(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), canceled(t)} {
		got, err := inParallel(ctx, nil, 8, func(context.Context, int) (int, error) { return 0, errors.New("called") })
		if err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestInParallelError(t *testing.T) {
	errFirst := errors.New("the first")
	synctest.Test(t, func(t *testing.T) {
		var begun, ended atomic.Int32
		start := time.Now()
		got, err := inParallel(t.Context(), slices.Repeat([]int{1, 2, 3, 4}, 25), 4, func(ctx context.Context, i int) (int, error) {
			begun.Add(1)
			defer ended.Add(1)
			if i == 3 {
				time.Sleep(time.Second)
				return 0, errFirst
			}
			<-ctx.Done()
			time.Sleep(time.Minute) // takes a while to end
			return 0, ctx.Err()
		})
		if !errors.Is(err, errFirst) || errors.Is(err, context.Canceled) || got != nil {
			t.Errorf("got %v, %v", got, err)
		}
		if begun.Load() != 4 || ended.Load() != 4 {
			t.Errorf("%d were begun and %d had ended, want 4", begun.Load(), ended.Load())
		}
		if d := time.Since(start); d != time.Minute+time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestInParallelCanceled(t *testing.T) {
	errWhy := errors.New("the user left")
	items := []int{0, 1, 2, 3, 4, 5}
	t.Run("before", func(t *testing.T) {
		for range 50 { // if there is a free slot and ctx is done, either may be noticed first
			_, err := inParallel(canceled(t), items, 8, func(context.Context, int) (int, error) { t.Error("called"); return 0, nil })
			if e, ok := errors.AsType[*Error](err); !ok || !errors.Is(e, context.Canceled) {
				t.Fatalf("got %v", err)
			}
		}
	})
	t.Run("what is under way says why", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := inParallel(ctx, items, 2, func(ctx context.Context, _ int) (int, error) {
				<-ctx.Done()
				return 0, &Error{op: "own", err: ctx.Err()}
			})
			if e, ok := errors.AsType[*Error](err); !ok || e.op != "own" || !errors.Is(e, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("some are left", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(errWhy) })
			got, err := inParallel(ctx, items, 2, func(ctx context.Context, i int) (int, error) {
				<-ctx.Done()
				return i, nil
			})
			if _, ok := errors.AsType[*Error](err); !ok || !errors.Is(err, context.Canceled) || !errors.Is(err, errWhy) || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	})
	t.Run("none is left", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			got, err := inParallel(ctx, items, 6, func(_ context.Context, i int) (int, error) {
				time.Sleep(2 * time.Second)
				return i, nil
			})
			if err != nil || !slices.Equal(got, items) {
				t.Errorf("got %v, %v: all were done", got, err)
			}
		})
	})
}
