package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestDelay(t *testing.T) {
	for n, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 2: 3 * time.Second, 62: 3 * time.Second, 1000: 3 * time.Second} {
		var longest time.Duration
		for range 2000 {
			d := Delay(n, time.Second, 3*time.Second)
			if d < 0 || d > want {
				t.Fatalf("Delay(%d) = %v, more than %v", n, d, want)
			}
			longest = max(longest, d)
		}
		if longest < want*9/10 {
			t.Errorf("Delay(%d): longest of 2000 is %v, want about %v", n, longest, want)
		}
	}
	if d := Delay(3, 0, 0); d != 0 {
		t.Errorf("Delay with limit 0 = %v", d)
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := Sleep(ctx, time.Second); err != nil || time.Since(start) != time.Second {
			t.Errorf("Sleep = %v after %v", err, time.Since(start))
		}
		if !Fits(ctx, 58*time.Second) || Fits(ctx, time.Hour) {
			t.Error("Fits does not compare with the deadline")
		}
		if err := Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("Sleep = %v after %v", err, time.Since(start))
		}
	})
}
