// Package backoff computes the pauses between retries, and waits.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Delay returns the pause before retry n, counted from 0. The pause is random
// and uniform between 0 and the lesser of limit and base doubled n times ("full
// jitter"), so that clients that failed together do not retry together.
func Delay(n int, base, limit time.Duration) time.Duration {
	ceiling := limit
	if n < 32 && base<<n > 0 && base<<n < limit {
		ceiling = base << n
	}
	if ceiling <= 0 {
		return 0
	}
	return rand.N(ceiling + 1)
}

// Fits reports whether a pause of d ends before the deadline of ctx.
func Fits(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > d
}

// Sleep waits for d and returns nil. If ctx is done first, it returns the error
// of ctx at once.
func Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
