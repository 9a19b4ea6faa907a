// Package timing tells whose time ran out: that of a caller, whose ctx ended, or that
// of the network, in which something took too long. net/http and package net report
// both in the same way.
package timing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// Over reports whether ctx is done, or is about to be: a connection may notice that the
// deadline has passed before ctx does.
func Over(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// Ends reports whether ctx is over and err is what became of a request because of that.
func Ends(ctx context.Context, err error) bool {
	if !Over(ctx) {
		return false
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, context.Cause(ctx)} {
		if end != nil && errors.Is(err, end) {
			return true
		}
	}
	return false
}

// Ended returns why ctx is over. It matches the error of ctx and, if the caller gave
// one, the cause.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil && ctx.Done() != nil {
		late := time.NewTimer(time.Second)
		defer late.Stop()
		select {
		case <-ctx.Done():
		case <-late.C:
		}
	}
	err, cause := ctx.Err(), context.Cause(ctx)
	switch {
	case err == nil:
		return context.DeadlineExceeded
	case errors.Is(cause, err):
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// Slow returns err, an error of the network, without a match of
// context.DeadlineExceeded, which would mean that the ctx of the caller has ended. If
// err is a timeout, the result matches os.ErrDeadlineExceeded.
func Slow(err error) error {
	if veil.Timeout(err) || errors.Is(err, context.DeadlineExceeded) {
		return &veil.Error{Text: err.Error(), Cause: err, Also: os.ErrDeadlineExceeded, Not: context.DeadlineExceeded}
	}
	return err
}
