package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

// These constants say how often the service is asked while something is waited
// for. The first pauses are short, because much is done within seconds.
const (
	waitLeast = 100 * time.Millisecond
	waitFirst = time.Second
	waitMost  = 15 * time.Second
	waitLimit = 10 * time.Minute
)

// Polling says how long methods such as [Connector.WaitDeleted] and
// [Connector.WaitSearchable] wait, and how often they ask the service. The zero
// Polling is right for most programs. A negative field is an error that matches
// [ErrInvalid]; nothing is sent.
type Polling struct {
	// Interval is about the pause between two requests. If it is less than 100
	// milliseconds, it counts as 100 milliseconds. If it is 0, the pauses grow from
	// 1 second to 15 seconds.
	Interval time.Duration

	// Limit is how long to wait; 0 means 10 minutes. When it is reached, the error
	// matches [ErrWaitedTooLong]. If the ctx ends first, the error matches
	// ctx.Err().
	Limit time.Duration
}

// rhythm is a Polling whose defaults are filled in.
type rhythm struct {
	limit       time.Duration
	first, most time.Duration
}

func (p Polling) withDefaults() rhythm {
	w := rhythm{limit: cmp.Or(p.Limit, waitLimit), first: waitFirst, most: waitMost}
	if p.Interval > 0 {
		w.first = max(p.Interval, waitLeast)
		w.most = w.first
	}
	return w
}

// poll calls look until look reports that it is done, or fails with an error that will not
// pass; after other errors, poll goes on. The pauses between the calls grow and have
// jitter, so that many callers do not ask at the same time. poll returns the last value
// that look returned without an error, even if poll itself fails.
func poll[T any](ctx context.Context, op string, polling Polling, look func(context.Context) (T, bool, error)) (T, error) {
	var last T
	if polling.Interval < 0 || polling.Limit < 0 {
		return last, invalid(op, "Interval and Limit must not be negative")
	}
	w := polling.withDefaults()
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	var passing error // the error of the last look, if it may pass
	for looks := 0; ; looks++ {
		got, done, err := look(bounded)
		again := pauseAfter(w, looks)
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
			return last, &Error{op: op, err: timing.Ended(ctx), note: waitedSince(began)}
		case bounded.Err() != nil:
			return last, &Error{op: op, kind: ErrWaitedTooLong, Message: ErrWaitedTooLong.Error(), err: passing, note: waitedSince(began)}
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

// pauseAfter returns the pause after the given number of looks. It grows by half
// each time and has a jitter of a fifth.
func pauseAfter(w rhythm, looks int) time.Duration {
	d, most := min(w.first, longest), min(w.most, longest)
	for range looks {
		if d += d / 2; d >= most {
			d = most
			break
		}
	}
	return d - d/5 + rand.N(d/5*2+1)
}

// longest is the longest pause, 36 years. Half of it can be added without an overflow.
const longest time.Duration = 1 << 60

func waitedSince(since time.Time) string {
	unit := time.Second
	if time.Since(since) < unit {
		unit = time.Millisecond
	}
	return fmt.Sprintf("waited for %s", time.Since(since).Round(unit))
}
