package client

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// look returns a look that is done the nth time it is called. It appends the
// times of its calls to at.
func look(n int, at *[]time.Time) func(context.Context) (int, bool, error) {
	return func(context.Context) (int, bool, error) {
		*at = append(*at, time.Now())
		return len(*at), len(*at) == n, nil
	}
}

// around reports whether d is within a fifth of want.
func around(d, want time.Duration) bool { return d >= want-want/5 && d <= want+want/5 }

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		got, err := poll(t.Context(), "wait", Polling{}, look(12, &at))
		if err != nil || got != 12 {
			t.Fatalf("got %d, %v", got, err)
		}
		want := time.Second
		for i := range 11 {
			if d := at[i+1].Sub(at[i]); !around(d, want) {
				t.Errorf("pause %d is %v, want about %v", i, d, want)
			}
			want = min(want+want/2, 15*time.Second)
		}
		start := time.Now()
		at = nil
		if got, err := poll(t.Context(), "wait", Polling{}, look(1, &at)); got != 1 || err != nil || time.Since(start) != 0 {
			t.Errorf("what is done at once: %d, %v after %v", got, err, time.Since(start))
		}
	})
}

func TestWaitJitter(t *testing.T) {
	for _, d := range []time.Duration{1, 3, time.Millisecond, time.Second, time.Hour, longest, longest * 3, math.MaxInt64} {
		w := rhythm{first: d, most: d}
		sure := min(d, longest)
		least, most := pauseAfter(w, 0), pauseAfter(w, 0)
		for i := range 2000 {
			p := pauseAfter(w, i%200)
			if p < sure-sure/5 || p > sure+sure/5 {
				t.Fatalf("a pause of %v, want %v give or take a fifth", p, sure)
			}
			least, most = min(least, p), max(most, p)
		}
		if d >= time.Millisecond && (least > sure-sure/6 || most < sure+sure/6) {
			t.Errorf("2,000 pauses of %v lie between %v and %v only", d, least, most)
		}
	}
	// first very long, then longer than possible
	if p := pauseAfter(rhythm{first: time.Hour, most: math.MaxInt64}, math.MaxInt32); p <= 0 || p > longest+longest/5 {
		t.Errorf("a pause of %v", p)
	}
}

func TestWaitInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		if _, err := poll(t.Context(), "wait", Polling{Interval: time.Minute, Limit: time.Hour}, look(20, &at)); err != nil {
			t.Fatal(err)
		}
		for i := range 19 {
			if d := at[i+1].Sub(at[i]); !around(d, time.Minute) {
				t.Errorf("pause %d is %v", i, d)
			}
		}
	})
}

// The pause is the longer one of its own and of what the service asks for.
func TestWaitHonoursRetryAfter(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{0: time.Minute, time.Second: time.Minute, 5 * time.Minute: 5 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			_, err := poll(t.Context(), "wait", Polling{Interval: time.Minute, Limit: time.Hour}, func(context.Context) (int, bool, error) {
				if at = append(at, time.Now()); len(at) > 5 {
					return 0, true, nil
				}
				return 0, false, &Error{kind: ErrRateLimited, RetryAfter: asked, Retryable: true}
			})
			if err != nil || len(at) != 6 {
				t.Fatalf("%d looks, %v", len(at), err)
			}
			for i := range 5 {
				if d := at[i+1].Sub(at[i]); !around(d, want) {
					t.Errorf("asked to wait %v, pause %d is %v", asked, i, d)
				}
			}
		})
	}
}

func TestWaitTooLong(t *testing.T) {
	for _, tc := range []struct {
		polling Polling
		want    time.Duration
	}{
		{Polling{}, 10 * time.Minute},
		{Polling{Limit: time.Minute}, time.Minute},
		{Polling{Limit: time.Nanosecond}, time.Nanosecond},
		{Polling{Interval: time.Hour, Limit: time.Minute}, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			start := time.Now()
			got, err := poll(t.Context(), "wait for it", tc.polling, look(-1, &at))
			if !errors.Is(err, ErrWaitedTooLong) || got != len(at) || got == 0 {
				t.Errorf("got %d after %d looks, %v", got, len(at), err)
			}
			if errors.Is(err, context.DeadlineExceeded) {
				t.Error("the deadline is not the caller's")
			}
			if d := time.Since(start); d != tc.want {
				t.Errorf("it took %v, want %v", d, tc.want)
			}
			for _, part := range []string{"wait for it", "wait limit exceeded", "waited for " + tc.want.Round(time.Second).String()} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error should say %q: %v", part, err)
				}
			}
		})
	}
	t.Run("in a look", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			got, err := poll(t.Context(), "wait", Polling{Limit: time.Minute}, func(ctx context.Context) (int, bool, error) {
				if n++; n < 3 {
					return n, false, nil
				}
				<-ctx.Done()
				return 0, false, &Error{op: "look", err: ctx.Err()}
			})
			if !errors.Is(err, ErrWaitedTooLong) || got != 2 {
				t.Errorf("got %d, %v", got, err)
			}
		})
	})
	t.Run("done in the last moment", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			got, err := poll(t.Context(), "wait", Polling{Limit: time.Minute}, func(ctx context.Context) (int, bool, error) {
				<-ctx.Done()
				return 7, true, nil
			})
			if err != nil || got != 7 {
				t.Errorf("got %d, %v", got, err)
			}
		})
	})
}

func TestWaitCanceled(t *testing.T) {
	errWhy := errors.New("the user left")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(errWhy) })
		var at []time.Time
		start := time.Now()
		got, err := poll(ctx, "wait", Polling{}, look(-1, &at))
		if got != len(at) || got == 0 || !errors.Is(err, context.Canceled) || !errors.Is(err, errWhy) || errors.Is(err, ErrWaitedTooLong) {
			t.Errorf("got %d, %v", got, err)
		}
		if e, ok := errors.AsType[*Error](err); !ok || e.op != "wait" {
			t.Errorf("got %T", err)
		}
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("it took %v", d)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the deadline of the caller
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var at []time.Time
		got, err := poll(ctx, "wait", Polling{}, look(-1, &at))
		if got != len(at) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrWaitedTooLong) {
			t.Errorf("got %d, %v", got, err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // during a look
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		_, err := poll(ctx, "wait", Polling{}, func(ctx context.Context) (int, bool, error) {
			<-ctx.Done()
			return 0, false, &Error{op: "look", err: ctx.Err()}
		})
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "waited for 5s") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitFails(t *testing.T) {
	errLook := errors.New("nothing to be seen")
	synctest.Test(t, func(t *testing.T) {
		n := 0
		got, err := poll(t.Context(), "wait", Polling{}, func(context.Context) (int, bool, error) {
			if n++; n < 4 {
				return n, false, nil
			}
			return 0, true, errLook
		})
		if !errors.Is(err, errLook) || got != 3 || n != 4 {
			t.Errorf("got %d after %d looks, %v; want what was seen last", got, n, err)
		}
	})
	for name, polling := range map[string]Polling{"a limit below nothing": {Limit: -1}, "a pause below nothing": {Interval: -time.Second}} {
		_, err := poll(t.Context(), "wait", polling, func(context.Context) (int, bool, error) { t.Error("looked"); return 0, true, nil })
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A wait goes on after whatever may pass, and ends at once after anything else.
func TestWaitSurvivesWhatMayPass(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		passes bool
	}{
		"broken response":    {&Error{kind: ErrNetwork, err: io.ErrUnexpectedEOF}, true},
		"end of the network": {&Error{kind: ErrNetwork, err: io.EOF}, true},
		"request timeout":    {&Error{StatusCode: 408, Retryable: true}, true},
		"rate limit":         {&Error{StatusCode: 429}, true},
		"server error":       {&Error{StatusCode: 500}, true},
		"refused":            {&Error{StatusCode: 403}, false},
		"bad response":       {&Error{StatusCode: 200, kind: ErrBadResponse}, false},
		"another's error":    {io.EOF, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks := 0
				_, err := poll(t.Context(), "wait", Polling{}, func(context.Context) (int, bool, error) {
					if looks++; looks == 1 {
						return 0, false, tt.err
					}
					return 0, true, nil
				})
				if (err == nil) != tt.passes {
					t.Errorf("after %d looks: %v", looks, err)
				}
			})
		})
	}
}
