package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// TestErrorAdvice tests what an error says about repeating the call, for a read
// and for a write.
func TestErrorAdvice(t *testing.T) {
	type advice struct{ retryable, unknown bool }
	refusedDial := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	refusedProxy := &net.OpError{Op: "proxyconnect", Net: "tcp", Err: io.EOF}
	half := sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader(`{"status":`), syscall.ECONNRESET} }, -1)
	for _, tc := range []struct {
		name        string
		answer      reply
		kinds       string
		read, write advice
	}{
		{"no connection", fails(refusedDial), "ErrNetwork", advice{true, false}, advice{true, false}},
		{"no connection to the proxy", fails(refusedProxy), "ErrNetwork", advice{true, false}, advice{true, false}},
		{"reset", fails(syscall.ECONNRESET), "ErrNetwork", advice{true, false}, advice{false, true}},
		{"no response", hangs, "ErrNetwork", advice{true, false}, advice{false, true}},
		{"cut off", half, "ErrNetwork", advice{true, false}, advice{false, true}},
		{"cut JSON", says(200, `{"status":"succ`), "ErrNetwork", advice{true, false}, advice{false, true}},
		{"no JSON", says(200, "<html>", "Content-Type", "text/html"), "ErrBadResponse", advice{}, advice{false, true}},
		{"no envelope", says(200, `{}`), "ErrBadResponse", advice{}, advice{false, true}},
		{"too large", says(200, `{"status":"success","result":"`+strings.Repeat("x", 2000)+`"}`), "ErrResponseTooLarge", advice{}, advice{false, true}},
		{"failed action", says(200, `{"status":"error"}`), "ErrExecution", advice{}, advice{}},
		{"wrong", says(400, ""), "ErrInvalid", advice{}, advice{}},
		{"used up", says(402, ""), "ErrUsageExceeded", advice{}, advice{}},
		{"unauthorized", says(401, ""), "ErrUnauthorized", advice{}, advice{}},
		{"missing", says(404, ""), "ErrNotFound", advice{}, advice{}},
		{"conflict", says(409, ""), "", advice{}, advice{}},
		{"timed out", says(408, ""), "", advice{true, false}, advice{false, true}},
		{"slow down", says(429, ""), "ErrRateLimited", advice{true, false}, advice{true, false}},
		{"broken", says(500, ""), "ErrServer", advice{}, advice{false, true}},
		{"bad gateway", says(502, ""), "ErrServer", advice{true, false}, advice{false, true}},
		{"outage", says(503, ""), "ErrServer", advice{true, false}, advice{false, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, serve(t, tc.answer), client.WithMaxResponseBytes(1000))
				for name, call := range map[string]func(context.Context, *client.Client) error{"read": read, "write": write} {
					want := map[string]advice{"read": tc.read, "write": tc.write}[name]
					err := asError(t, call(t.Context(), c))
					wantKinds(t, err, tc.kinds)
					if got := (advice{err.Retryable, err.OutcomeUnknown}); got != want {
						t.Errorf("%s: retryable and unknown are %v, want %v: %v", name, got, want, err)
					}
				}
			})
		})
	}
}

// A write whose result does not fit the caller's type has been carried out.
func TestErrorAdviceOfAMisfit(t *testing.T) {
	_, _, err := client.Execute[[]int](t.Context(), connectorOf(newClient(t, serve(t, ok(`{"id":1}`)))), "issues", "create", nil)
	if e := asError(t, err); e.OutcomeUnknown || e.Retryable {
		t.Errorf("retryable %v, unknown %v: %v", e.Retryable, e.OutcomeUnknown, err)
	}
}

// If the ctx ends while a write is in progress, the outcome is unknown. If it
// ended before, nothing is sent and the outcome is known.
func TestErrorAdviceOfAnEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, hangs)
		c := newClient(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := asError(t, write(ctx, c))
		if wantKinds(t, err, ""); err.Retryable || !err.OutcomeUnknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("retryable %v, unknown %v: %v", err.Retryable, err.OutcomeUnknown, err)
		}
		err = asError(t, write(ctx, c))
		if s.wantSent(t, 1); err.Retryable || err.OutcomeUnknown || !errors.Is(err, context.DeadlineExceeded) || err.Attempts != 0 {
			t.Errorf("retryable %v, unknown %v: %v", err.Retryable, err.OutcomeUnknown, err)
		}
		if text := err.Error(); strings.Contains(text, "auth") || strings.Contains(text, "token") {
			t.Errorf("%v: the caller's ctx has nothing to do with tokens", err)
		}
	})
}

// The cause that the caller gave for the end of its ctx is in the error, whenever
// that end comes.
func TestErrorHasTheCause(t *testing.T) {
	stop := errors.New("the tenant is gone")
	slow := sends(200, func(r *http.Request) io.Reader { return &stuck{strings.NewReader(`{"status":`), r.Context()} }, -1)
	for name, answer := range map[string]reply{"request": hangs, "body": slow, "pause": says(503, "", "Retry-After", "5")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(10*time.Millisecond, func() { cancel(stop) })
				err := asError(t, read(ctx, newClient(t, serve(t, answer))))
				if !errors.Is(err, context.Canceled) || !errors.Is(err, stop) {
					t.Errorf("during the %s: %v", name, err)
				}
				if err = asError(t, read(ctx, newClient(t, serve(t, answer)))); !errors.Is(err, context.Canceled) || !errors.Is(err, stop) {
					t.Errorf("before: %v", err)
				}
			})
		})
	}
}

// An error about the token has everything in one text, and can be distinguished
// from an error of the call.
func TestErrorOfAToken(t *testing.T) {
	for _, tc := range []struct {
		name      string
		token     reply
		kinds     string
		retryable bool
		message   string
	}{
		{"refused", says(401, `{"message":"The secret is stale."}`, "X-Request-Id", "r1"), "ErrUnauthorized", false, "The secret is stale."},
		{"slow down", says(429, `{"message":"Too fast."}`, "X-Request-Id", "r1", "Retry-After", "600"), "ErrRateLimited", true, "Too fast."},
		{"outage", says(503, `{"message":"Down."}`, "X-Request-Id", "r1"), "ErrServer", true, "Down."},
		{"no connection", fails(syscall.ECONNREFUSED), "ErrNetwork", true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, ok("[]"))
				s.token = tc.token
				err := asError(t, write(t.Context(), newClientOfApp(t, s)))
				wantKinds(t, err, tc.kinds)
				var tok *auth.TokenError
				if !errors.As(err, &tok) || err.Message != tc.message || err.Message != tok.Message {
					t.Errorf("message %q, of the token's error %v", err.Message, tok)
				}
				if err.Retryable != tc.retryable || err.OutcomeUnknown || err.Path != executePath || err.Attempts != tok.Attempts {
					t.Errorf("%+v: %v", *err, err)
				}
				for _, once := range []string{tc.message, "r1", "attempts", "Unauthorized", "Too Many"} {
					if n := strings.Count(err.Error(), once); once != "" && n > 1 {
						t.Errorf("%q is said %d times: %v", once, n, err)
					}
				}
			})
		})
	}
}

// The token was revoked after the secret had changed. The response is the 401
// of the call, and the error says why there is no other token.
func TestErrorOfARefreshThatFails(t *testing.T) {
	s := serve(t, ok("[]"), says(401, `{"message":"The token has been revoked"}`))
	c := newClientOfApp(t, s)
	if err := read(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	s.token = says(401, `{"message":"The secret is stale."}`)
	err := asError(t, read(t.Context(), c))
	wantKinds(t, err, "ErrUnauthorized")
	wantText(t, err, "The token has been revoked", "no new token could be obtained", "The secret is stale.")
	var tok *auth.TokenError
	if !errors.As(err, &tok) || tok.ClientSecretSource != "option" {
		t.Errorf("the token's error is %v", tok)
	}
	if err.Message != "The token has been revoked" || err.Path != executePath || err.Retryable || err.Attempts != 2 {
		t.Errorf("message %q, path %q, retryable %v, %d attempts", err.Message, err.Path, err.Retryable, err.Attempts)
	}
}

// If the new token cannot be fetched for now only, the call may be made again.
func TestErrorOfARefreshInAnOutage(t *testing.T) {
	for _, tc := range []struct {
		token    reply
		own      string // the Retry-After of the 401, of which the longer one counts
		after    time.Duration
		attempts int
	}{
		{says(429, "", "Retry-After", "600"), "", 10 * time.Minute, 2},
		{says(429, "", "Retry-After", "600"), "30", 10 * time.Minute, 2},
		{says(429, "", "Retry-After", "600"), "900", 15 * time.Minute, 2},
		{says(503, ""), "", 0, 4},
		{says(503, ""), "30", 30 * time.Second, 4},
		{fails(syscall.ECONNRESET), "", 0, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, ok("[]"), says(401, `{"message":"The token has been revoked"}`, "Retry-After", tc.own))
			c := newClientOfApp(t, s)
			if err := read(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			s.token = tc.token
			err := asError(t, write(t.Context(), c))
			wantKinds(t, err, "ErrUnauthorized")
			if !err.Retryable || err.OutcomeUnknown || err.RetryAfter != tc.after || err.Attempts != tc.attempts {
				t.Errorf("retryable %v, after %v, %d attempts: %v", err.Retryable, err.RetryAfter, err.Attempts, err)
			}
		})
	}
}
