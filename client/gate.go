package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
)

// A Gate holds requests back while their connector's action has been asked to wait.
// [NewGate] returns one for a process. Package fleet, a module of its own, has one that
// processes share through Valkey or Redis.
//
// A key stands for an action of an entity of a connector. It is a hash, which says
// nothing to others. The methods may be called by several goroutines at once.
type Gate interface {
	// Wait returns nil once a request for key may be sent. If the key is paused for
	// longer than ctx allows, it returns a PausedError at once. Any other error means
	// that the gate is out of order, and the request is sent.
	Wait(ctx context.Context, key string) error

	// Pause makes Wait hold the requests for key back for d from now, or for an hour
	// if that is less. It never shortens a pause.
	Pause(ctx context.Context, key string, d time.Duration)
}

// A PausedError is the error of the method Wait of a [Gate] for a request that would have
// to wait for longer than its ctx allows. It matches [ErrRateLimited].
type PausedError struct{ RetryAfter time.Duration }

// Error says how long the request would have to wait.
func (e PausedError) Error() string {
	return fmt.Sprintf("the connector's action has been asked to wait, for another %v", roundUp(e.RetryAfter))
}

// roundUp rounds d up to a precision that suits readers.
func roundUp(d time.Duration) time.Duration {
	unit := time.Millisecond
	if d > time.Second {
		unit = time.Second
	}
	return (d + unit - 1).Truncate(unit)
}

// Is reports whether target is [ErrRateLimited].
func (e PausedError) Is(target error) bool { return target == ErrRateLimited }

// WithGate makes the client ask g before each attempt of an execution: of
// [Connector.Execute], [All], [Connector.Download] and so on. When a response with
// status 429 or 503 has a Retry-After header, the client tells g to pause the action of
// the entity of that connector, for every client that has the same gate.
//
// Without a gate, each call finds out for itself that the vendor's limit is reached, and
// all that wait try again at the same time. With a gate, one refused request is enough,
// and what waits is let through bit by bit.
//
// The time at the gate is not part of that of [WithAttemptTimeout], and not longer than
// the ctx, [WithTimeout] and [WithMaxRetryAfter] allow. A call that would have to wait
// longer fails at once and sends nothing: its error matches [ErrRateLimited] and has a
// RetryAfter. Waiting is no attempt: it counts neither for [WithMaxRetries] nor
// for the budget of retries.
func WithGate(g Gate) Option {
	return optionFunc(func(c *config) {
		if g == nil {
			c.problem("WithGate: the gate is nil")
			return
		}
		c.gating = &gating{
			enter: func(ctx context.Context, c *call, base string, asked time.Duration, limit time.Duration) error {
				return enterGate(ctx, g, c, base, asked, limit)
			},
			pause: func(ctx context.Context, c *call, base string, resp *http.Response) time.Duration {
				return pauseGate(ctx, g, c, base, resp)
			},
		}
	})
}

// gating is what a client with a gate does before and after each attempt. The functions
// are reached only through the option above, so that other programs do not link them.
type gating struct {
	// enter returns when the call may be sent. asked is what pause returned before.
	enter func(ctx context.Context, c *call, base string, asked, limit time.Duration) error
	// pause tells the gate what the response asks for, and returns that, or 0.
	pause func(ctx context.Context, c *call, base string, resp *http.Response) time.Duration
}

func enterGate(ctx context.Context, g Gate, c *call, base string, asked, limit time.Duration) error {
	key := c.gateKey(base)
	if key == "" {
		return nil
	}
	if asked > 0 {
		limit += maxSpread // the call may wait for asked, and is then released at random
	}
	start := time.Now()
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if end, ok := ctx.Deadline(); !ok || end.Sub(start) > limit {
		waiting, cancel = context.WithTimeout(ctx, limit) // most of what a gate costs that lets everyone pass
	}
	err := g.Wait(waiting, key)
	cancel()
	c.held = time.Since(start).Truncate(time.Millisecond) // asking is no waiting
	if ctx.Err() != nil {
		e := c.stopped(ctx)
		e.note = "while the gate held it back"
		return e
	}
	if d, ok := paused(err); ok {
		e := c.fail(PausedError{d})
		e.kind, e.RetryAfter, e.Retryable = ErrRateLimited, d, true
		return e
	}
	if left := asked - c.held; err != nil && left > 0 { // the gate is out of order
		if backoff.Sleep(ctx, left) != nil {
			return c.stopped(ctx)
		}
	}
	return nil
}

// paused returns how long a gate said that a request would have to wait.
func paused(err error) (time.Duration, bool) {
	if e, ok := errors.AsType[PausedError](err); ok {
		return e.RetryAfter, true
	}
	if e, ok := errors.AsType[*PausedError](err); ok && e != nil {
		return e.RetryAfter, true
	}
	return 0, false
}

func pauseGate(ctx context.Context, g Gate, c *call, base string, resp *http.Response) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	after, _ := answer.RetryAfter(resp.Header, time.Now())
	key := c.gateKey(base)
	if after <= 0 || key == "" {
		return 0
	}
	// Others need to know even if the caller has gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	g.Pause(ctx, key, min(after, maxPause))
	return after
}

// gateKey returns the key of the call in a gate, or "" if it is not an execution.
func (c *call) gateKey(base string) string {
	if c.name != "executeConnector" || c.about.action == "" {
		return ""
	}
	if c.key == "" {
		text := make([]byte, 0, 256)
		for _, part := range [...]string{base, c.path, c.about.entity, c.about.action} { // the path has the ID of the connector
			text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
			text = append(text, part...)
		}
		sum := sha256.Sum256(text)
		c.key = base64.RawURLEncoding.EncodeToString(sum[:18])
	}
	return c.key
}

const (
	maxPause  = time.Hour       // the longest pause that a gate keeps
	maxSpread = 5 * time.Second // how long after a pause the last of those that waited are released
)
