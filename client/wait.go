package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
)

// These constants say how often the service is asked while something is waited
// for. The first pauses are short, because much is done within seconds.
const (
	waitLeast = 100 * time.Millisecond
	waitFirst = time.Second
	waitMost  = 15 * time.Second
	waitLimit = 10 * time.Minute
)

// ErrWaitedTooLong means that the time of [WithWaitLimit] was over before what
// was waited for happened.
var ErrWaitedTooLong error = &kind{text: "wait limit exceeded"}

// A WaitOption sets how long methods such as [Workspace.WaitDeleted] and
// [Connector.WaitSearchable] wait, and how often they ask the service.
type WaitOption func(*waiting)

type waiting struct {
	limit       time.Duration
	first, most time.Duration
}

// WithWaitLimit sets how long to wait, 10 minutes by default. It must be
// positive. When the limit is reached, the error matches [ErrWaitedTooLong]. If
// the ctx ends first, the error matches ctx.Err().
func WithWaitLimit(d time.Duration) WaitOption {
	return func(w *waiting) { w.limit = d }
}

// WithPollInterval sets the pause between two requests to about d, but at least
// 100 milliseconds. It must be positive. By default, the pauses grow from 1
// second to 15 seconds.
func WithPollInterval(d time.Duration) WaitOption {
	if d > 0 {
		d = max(d, waitLeast)
	}
	return func(w *waiting) { w.first, w.most = d, d }
}

// wait calls look until look reports that it is done or fails with an error
// that will not pass; after other errors, wait continues. The pauses between
// the calls grow and have jitter, so that many callers do not ask at the same
// time. wait returns the last value that look returned without an error, even
// if wait itself fails.
func wait[T any](ctx context.Context, op string, opts []WaitOption, look func(context.Context) (T, bool, error)) (T, error) {
	w := waiting{limit: waitLimit, first: waitFirst, most: waitMost}
	for _, opt := range opts {
		if opt != nil {
			opt(&w)
		}
	}
	var last T
	if w.limit <= 0 || w.first <= 0 {
		return last, invalid(op, "the wait limit and the poll interval must be positive")
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	var passing error // the error of the last look, if it may pass
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

// mayPass reports whether a look that failed may succeed a little later: what the
// error says itself, and a server error that a call alone does not retry.
func mayPass(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok && e.Retryable {
		return true
	}
	return errors.Is(err, ErrNetwork) || errors.Is(err, ErrServer) || errors.Is(err, ErrRateLimited)
}

// pause returns the pause after the given number of looks. It grows by half
// each time and has a jitter of a fifth.
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

// longest is a pause that nobody lives to see the end of, but short enough to
// calculate with.
const longest time.Duration = 1 << 60

// ended returns why ctx is done: its error, and the cause if the caller gave
// one.
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
