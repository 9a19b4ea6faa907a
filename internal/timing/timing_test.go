package timing_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

var errCause = errors.New("the user left")

func TestEnded(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	left, leave := context.WithCancelCause(t.Context())
	leave(errCause)
	late, cancelLate := context.WithTimeoutCause(t.Context(), 0, errCause)
	defer cancelLate()
	for _, tt := range []struct {
		ctx  context.Context
		want []error
		not  []error
	}{
		{canceled, []error{context.Canceled}, []error{errCause, context.DeadlineExceeded}},
		{left, []error{context.Canceled, errCause}, []error{context.DeadlineExceeded}},
		{late, []error{context.DeadlineExceeded, errCause}, []error{context.Canceled}},
		{overdue{t.Context()}, []error{context.DeadlineExceeded}, []error{context.Canceled}},
	} {
		if !timing.Over(tt.ctx) {
			t.Errorf("%v is not over", tt.ctx)
		}
		err := timing.Ended(tt.ctx)
		for _, want := range tt.want {
			if !errors.Is(err, want) {
				t.Errorf("%v does not match %v", err, want)
			}
		}
		if !timing.Ends(tt.ctx, &url.Error{Err: err}) || !timing.Ends(tt.ctx, &net.OpError{Err: os.ErrDeadlineExceeded}) || timing.Ends(tt.ctx, io.EOF) {
			t.Errorf("%v: it is not told what became of a request", err)
		}
		for _, not := range tt.not {
			if errors.Is(err, not) {
				t.Errorf("%v matches %v", err, not)
			}
		}
	}
	later, cancelLater := context.WithTimeout(t.Context(), time.Hour)
	defer cancelLater()
	if timing.Ends(later, context.DeadlineExceeded) || timing.Over(t.Context()) || timing.Over(later) {
		t.Error("over before its end")
	}
}

// An overdue ctx does not know yet that its deadline has passed.
type overdue struct{ context.Context }

func (overdue) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }
func (overdue) Done() <-chan struct{}       { return nil }

// Ended waits for a ctx whose timer is late.
func TestEndedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errCause)
		defer cancel()
		if err := timing.Ended(ctx); !errors.Is(err, errCause) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestSlow(t *testing.T) {
	for _, err := range []error{
		context.DeadlineExceeded, os.ErrDeadlineExceeded,
		&net.OpError{Op: "dial", Err: context.DeadlineExceeded},
		&url.Error{Op: "Get", URL: "http://x", Err: &net.DNSError{IsTimeout: true}},
	} {
		slow := timing.Slow(err)
		if errors.Is(slow, context.DeadlineExceeded) || !errors.Is(slow, os.ErrDeadlineExceeded) || slow.Error() != err.Error() {
			t.Errorf("%v becomes %v", err, slow)
		}
		var timeout net.Error
		if !errors.As(slow, &timeout) || !timeout.Timeout() {
			t.Errorf("%v is no timeout", slow)
		}
		if _, ok := err.(*net.OpError); ok {
			if op, ok := errors.AsType[*net.OpError](slow); !ok || op.Op != "dial" {
				t.Errorf("%v has no *net.OpError", slow)
			}
		}
	}
	for _, err := range []error{io.EOF, &net.OpError{Op: "read", Err: io.EOF}} {
		if timing.Slow(err) != err {
			t.Errorf("%v was changed", err)
		}
	}
}
