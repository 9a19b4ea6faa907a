package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
)

const (
	retryBase  = 250 * time.Millisecond
	retryLimit = 8 * time.Second
)

// retrier repeats the request of a call until it has a response that is final, or
// until another attempt would be unsafe or useless.
type retrier struct {
	next     gen.HttpRequestDoer
	max      int
	timeout  time.Duration
	patience time.Duration // the longest pause that a response can ask for
	budget   *budget
	watch    func(context.Context, Attempt) // nil for none
	gating   *gating                        // nil for none
	base     string                         // the URL of the service
}

// do makes a call. Its error, if any, is an *Error.
func (r *retrier) do(c *call, req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if ctx.Err() != nil {
		closeBody(req)
		return nil, c.stopped(ctx)
	}
	r.budget.earn()
	var asked time.Duration // by the last response, if there is a gate
	for n := 0; ; n++ {
		if r.gating != nil {
			if err := r.gating.enter(ctx, c, r.base, asked, r.patience); err != nil {
				closeBody(req)
				return nil, err
			}
		}
		start, before := time.Now(), c.sent.Load()
		resp, will, err := r.attempt(c, req)
		took, sent := time.Since(start), c.sent.Load() > before // false if there was no token
		body, pause, again := r.again(ctx, c, n, req, resp, will)
		if r.gating != nil && resp != nil {
			if asked = r.gating.pause(ctx, c, r.base, resp); asked > 0 && again {
				pause = asked
			}
		} else {
			asked = 0
		}
		if sent && r.watch != nil {
			a := c.attempted(n+1, took, resp, err)
			a.Retry, a.Pause = again, pause
			quietly(func() { r.watch(ctx, a) })
		}
		if !again {
			return finish(c, resp, err, will, sent)
		}
		if resp != nil {
			answer.Discard(resp.Body)
		}
		if asked > 0 { // the gate holds the next attempt back
			pause = 0
		}
		if backoff.Sleep(ctx, pause) != nil {
			if body != nil {
				_ = body.Close()
			}
			e := c.stopped(ctx)
			e.note = "while waiting to try again"
			return nil, e
		}
		req = req.WithContext(ctx) // a copy, because the first one is the caller's
		req.Body = body
	}
}

// attempt sends req once and reads the response if the call consumes it.
func (r *retrier) attempt(c *call, req *http.Request) (*http.Response, willing, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	stop := func() bool { return true }
	if r.timeout > 0 {
		stop = time.AfterFunc(r.timeout, func() { cancel(errAttemptTimeout) }).Stop
	}
	end := func() { stop(); cancel(nil) }
	resp, err := r.next.Do(req.WithContext(ctx))
	if err != nil {
		defer end()
		w, e := c.unanswered(ctx, req.Context(), resp, err)
		return nil, w, e
	}
	if c.refused != nil && resp.StatusCode/100 != 2 {
		defer end()
		c.refused(resp)
		return resp, willingStatus(resp.StatusCode), nil
	}
	if c.consume == nil || resp.StatusCode/100 != 2 {
		w := willingStatus(resp.StatusCode)
		if c.stream && w == never {
			stop() // a file may take any time, as long as bytes come
			if c.opened != nil {
				c.opened(resp, r.timeout, cancel)
			}
		}
		onClose(resp, end)
		return resp, w, nil
	}
	defer end()
	if err = c.consume(resp); err != nil {
		w, e := c.unread(ctx, req.Context(), resp, err)
		answer.Discard(resp.Body)
		return resp, w, e
	}
	answer.Discard(resp.Body)
	return resp, never, nil
}

// again decides whether there is another attempt, with which body, and after which
// pause. If there is none for a reason that the error should mention, it sets c.note.
func (r *retrier) again(ctx context.Context, c *call, n int, req *http.Request, resp *http.Response, w willing) (io.ReadCloser, time.Duration, bool) {
	if w == never || w == readsOnly && !c.read || n >= r.max {
		return nil, 0, false
	}
	pause := backoff.Delay(n, retryBase, retryLimit)
	if resp != nil {
		if after, ok := answer.RetryAfter(resp.Header, time.Now()); ok {
			if after > r.patience {
				c.note = fmt.Sprintf("the service asks to wait %v, longer than a call waits (WithMaxRetryAfter)", after.Round(time.Second))
				return nil, 0, false
			}
			pause = max(pause, after)
		}
	}
	if !backoff.Fits(ctx, pause) {
		c.note = fmt.Sprintf("the next attempt should wait %v, longer than the ctx allows", pause.Round(time.Millisecond))
		return nil, 0, false
	}
	body, err := rewind(req)
	if err != nil {
		return nil, 0, false
	}
	if !r.budget.spend() {
		if body != nil {
			_ = body.Close()
		}
		c.exhausted, c.note = true, "not tried again: this client has used up its budget of retries"
		return nil, 0, false
	}
	return body, pause, true
}

// rewind returns the body of req from its start.
func rewind(req *http.Request) (io.ReadCloser, error) {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return req.Body, nil
	case req.GetBody == nil:
		return nil, errors.New("the body can be sent once only")
	}
	return req.GetBody()
}

// A budget limits retries to one for every ten calls in the long run, and allows a
// hundred at once, so that a short outage does not reach the callers.
type budget struct{ tenths atomic.Int64 }

const fullBudget = 100 * 10

func newBudget() *budget {
	b := new(budget)
	b.tenths.Store(fullBudget)
	return b
}

// earn is called once for each call.
func (b *budget) earn() {
	for {
		have := b.tenths.Load()
		if have >= fullBudget || b.tenths.CompareAndSwap(have, have+1) {
			return
		}
	}
}

// spend takes a retry out of the budget. It returns false if the budget is empty.
func (b *budget) spend() bool {
	for {
		have := b.tenths.Load()
		if have < 10 {
			return false
		}
		if b.tenths.CompareAndSwap(have, have-10) {
			return true
		}
	}
}
