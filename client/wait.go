package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
)

// How often the service is asked while something is waited for: the first
// pauses are short, since much is done in seconds.
const (
	waitLeast = 100 * time.Millisecond
	waitFirst = time.Second
	waitMost  = 15 * time.Second
	waitLimit = 10 * time.Minute
)

// ErrWaitedTooLong means that what was waited for did not come about in time.
var ErrWaitedTooLong error = &kind{text: "it did not come about in time"}

// A WaitOption says how long and how often to look, in [Workspace.WaitDeleted]
// and [Connector.WaitSearchable].
type WaitOption func(*waiting)

type waiting struct {
	limit       time.Duration
	first, most time.Duration
}

// WithWaitLimit bounds how long is waited, 10 minutes unless it is given; then
// the error is [ErrWaitedTooLong]. If the ctx ends first, it is that of the ctx.
func WithWaitLimit(d time.Duration) WaitOption {
	return func(w *waiting) { w.limit = d }
}

// WithPollInterval has the service asked about every d, which is 100
// milliseconds at least. Unless it is given, the pauses grow from 1 to 15
// seconds.
func WithPollInterval(d time.Duration) WaitOption {
	if d > 0 {
		d = max(d, waitLeast)
	}
	return func(w *waiting) { w.first, w.most = d, d }
}

// wait calls look until it says that it is done, or fails for good: what may
// pass is waited for, too. Pauses between the calls grow and are jittered, so
// that many who wait do not ask at once. It returns what look saw last, also with
// an error.
func wait[T any](ctx context.Context, op string, opts []WaitOption, look func(context.Context) (T, bool, error)) (T, error) {
	w := waiting{limit: waitLimit, first: waitFirst, most: waitMost}
	for _, opt := range opts {
		if opt != nil {
			opt(&w)
		}
	}
	var last T
	if w.limit <= 0 || w.first <= 0 {
		return last, invalid(op, "the time to wait and the pause between two looks must be more than nothing")
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	var passing error // why the latest look saw nothing
	for looks := 0; ; looks++ {
		got, done, err := look(bounded)
		again := pause(w, looks)
		switch {
		case err == nil && done:
			return got, nil
		case err == nil:
			last, passing = got, nil
		case mayPass(err):
			passing = err
			if e, ok := errors.AsType[*Error](err); ok {
				again = max(again, e.RetryAfter)
			}
			err = nil
		}
		if err == nil {
			err = backoff.Sleep(bounded, again)
		}
		switch {
		case ctx.Err() != nil:
			return last, &Error{op: op, err: ended(ctx), note: waited(began)}
		case bounded.Err() != nil:
			return last, &Error{op: op, kind: ErrWaitedTooLong, Message: ErrWaitedTooLong.Error(), err: passing, note: waited(began)}
		case err != nil:
			return last, err
		}
	}
}

// mayPass reports whether a look that failed may go well a little later.
func mayPass(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, ErrServer) || errors.Is(err, ErrRateLimited)
}

// pause grows by half each time and is jittered by a fifth.
func pause(w waiting, looks int) time.Duration {
	d, most := min(w.first, longest), min(w.most, longest)
	for range looks {
		if d += d / 2; d >= most {
			d = most
			break
		}
	}
	return d - d/5 + rand.N(d/5*2+1)
}

// longest is a pause that nobody lives through, short enough to reckon with.
const longest time.Duration = 1 << 60

// ended is why ctx is done: its error, and the cause if the caller gave one.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

func waited(since time.Time) string {
	unit := time.Second
	if time.Since(since) < unit {
		unit = time.Millisecond
	}
	return fmt.Sprintf("waited for %s", time.Since(since).Round(unit))
}
