package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/backoff"
	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
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
		resp, willing, err := r.attempt(c, req)
		took, sent := time.Since(start), c.sent.Load() > before // false if there was no token
		body, pause, again := r.again(ctx, c, n, req, resp, willing)
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
			return finish(c, resp, err, willing, sent)
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

// willing says which calls may be repeated after a failure.
type willing int

const (
	never     willing = iota
	readsOnly         // the request may have been carried out
	always            // it was certainly not carried out
)

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
			stop() // a file may take any time
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

// unanswered returns the error for a request to which no response arrived, except one
// that may come with err. ctx is that of the attempt and descends from the caller's.
func (c *call) unanswered(ctx, callers context.Context, resp *http.Response, err error) (willing, *Error) {
	switch status := int(c.redirect.Load()); {
	case errors.Is(context.Cause(ctx), errAttemptTimeout):
		return readsOnly, c.cut(errAttemptTimeout)
	case status != 0: // a redirect that leads nowhere, or that was refused
		e := c.fail(plain(err))
		e.StatusCode, e.kind = status, ErrBadResponse
		if resp != nil {
			e.RequestID = c.scrubber(resp.Request).text(answer.RequestID(resp.Header))
		}
		return never, e
	case timing.Ends(callers, err):
		return never, c.stopped(callers)
	}
	if _, ok := err.(*url.Error); !ok { //nolint:errorlint // see plain
		if untrusted(err) {
			return never, c.cut(err)
		}
		return never, c.fail(err) // of the source of tokens, or of what the editor refuses
	}
	if errors.Is(err, auth.ErrUnsafe) {
		return never, c.fail(plain(err))
	}
	return willingAfter(callers, err), c.cut(timing.Slow(plain(err)))
}

// unread returns the error for a response with status 2xx that could not be read. ctx
// is that of the attempt and descends from the caller's.
func (c *call) unread(ctx, callers context.Context, resp *http.Response, err error) (willing, *Error) {
	broken := brokenOff(resp)
	switch {
	case errors.Is(err, ErrResponseTooLarge):
		return never, c.whole(resp, err)
	case errors.Is(context.Cause(ctx), errAttemptTimeout):
		return readsOnly, c.broken(callers, resp, errAttemptTimeout)
	case broken != nil && timing.Ends(callers, broken):
		return never, c.broken(callers, resp, broken)
	case answer.Corrupt(broken):
		return never, c.whole(resp, &Error{kind: ErrBadResponse, Message: "the response is not the gzip that it should be", err: broken})
	case broken != nil:
		return readsOnly, c.broken(callers, resp, broken)
	}
	if _, misfit := errors.AsType[*RecordError](err); !misfit && errors.Is(err, io.ErrUnexpectedEOF) {
		return readsOnly, c.whole(resp, err)
	}
	return never, c.whole(resp, err) // it would not be decoded the next time either
}

// stopped returns the error for a call whose ctx is done.
func (c *call) stopped(ctx context.Context) *Error {
	e := c.fail(nil)
	e.err = timing.Ended(ctx) // a cause may be an *Error of another call
	return e
}

// cut returns the error for a request to which no response arrived.
func (c *call) cut(err error) *Error {
	e := c.fail(err)
	e.kind = ErrNetwork
	return e
}

// broken returns the error for a response that did not arrive in full.
func (c *call) broken(callers context.Context, resp *http.Response, err error) *Error {
	e := responseError(c, resp)
	if timing.Ends(callers, err) {
		err = timing.Ended(callers)
	} else {
		e.kind, err = ErrNetwork, timing.Slow(err)
	}
	e.err = fmt.Errorf("reading the response: %w", err)
	return c.scrub(e, resp.Request)
}

// whole adds what is known of a response, which arrived in full, to err.
func (c *call) whole(resp *http.Response, err error) *Error {
	e := responseError(c, resp)
	if own, ok := errors.AsType[*Error](err); ok {
		e.Code, e.Message, e.Fields = own.Code, own.Message, own.Fields
		e.kind, e.err, e.body, e.done = own.kind, own.err, own.body, own.done
		return c.scrub(e, resp.Request)
	}
	e.err = err
	if formless(err) != nil {
		e.kind, e.Message, e.err = ErrBadResponse, "the response is JSON, but not of the expected form", formless(err)
	}
	return c.scrub(e, resp.Request)
}

// plain returns err without the method and the URL that net/http adds: an Error has
// both.
func plain(err error) error {
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // only the outermost is net/http's
		return u.Err
	}
	return err
}

// untrusted reports whether nothing was sent for want of trust in the certificate.
func untrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

func willingStatus(status int) willing {
	switch status {
	case http.StatusTooManyRequests:
		return always
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return readsOnly
	}
	return never
}

// willingAfter judges an error of net/http. Others are not retried here: token sources
// do their own retries.
func willingAfter(ctx context.Context, err error) willing {
	switch op, ok := errors.AsType[*net.OpError](err); {
	case ctx.Err() != nil, untrusted(err):
		return never
	case ok && (op.Op == "dial" || op.Op == "proxyconnect"):
		return always
	}
	return readsOnly
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

// finish ends a call. The caller gets the response if the call does not consume responses,
// or if it was consumed without an error. w and sent are about the last attempt.
func finish(c *call, resp *http.Response, err error, w willing, sent bool) (*http.Response, error) {
	switch {
	case err == nil && (c.consume == nil || c.refused != nil || resp.StatusCode/100 == 2):
		return resp, nil
	case err == nil:
		return nil, refusal(c, resp)
	}
	e, ok := err.(*Error) //nolint:errorlint // attempt returns no other
	if !ok {
		e = c.fail(err)
	}
	e.note, e.BudgetExhausted = cmp.Or(c.note, e.note), c.exhausted
	c.judge(e, w, sent)
	return nil, e
}

// judge sets whether a failed call may be repeated, and whether it may have been
// carried out. Only the last attempt matters: a write is retried only if the attempts
// before were certainly not carried out.
func (c *call) judge(e *Error, w willing, sent bool) {
	e.Retryable = e.Retryable && !sent || w == always || w == readsOnly && c.read // a token source may have judged it
	if tok, ok := errors.AsType[*auth.TokenError](e.err); ok && !sent {
		e.Retryable = tok.Temporary()
	}
	if c.read || !sent || w == always {
		return
	}
	_, misfit := errors.AsType[*RecordError](e.err) // the write was carried out and has a result
	switch status := e.StatusCode; {
	case status == 0:
		e.OutcomeUnknown = !untrusted(e.err)
	case status/100 == 2:
		e.OutcomeUnknown = !errors.Is(e.kind, ErrExecution) && !misfit && !e.done
	default: // a redirect says that nothing was done here, except for one to the result
		e.OutcomeUnknown = status == http.StatusRequestTimeout || status == http.StatusSeeOther || status >= 500
	}
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
