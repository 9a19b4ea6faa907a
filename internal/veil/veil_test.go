package veil_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// asOtherError is an error that says of itself what it is as.
type asOtherError struct{ err error }

func (a asOtherError) Error() string      { return "as" }
func (a asOtherError) As(target any) bool { return errors.As(a.err, target) }

// As finds what errors.As finds.
func TestAs(t *testing.T) {
	inner := &fs.PathError{Op: "open", Path: "secret", Err: os.ErrDeadlineExceeded}
	for _, cause := range []error{
		inner, io.EOF, fmt.Errorf("x: %w", inner), errors.Join(io.EOF, inner), errors.Join(nil, io.EOF), fmt.Errorf("%w, %w", io.EOF, inner),
		asOtherError{inner}, fmt.Errorf("x: %w", asOtherError{io.EOF}), &net.OpError{Op: "dial", Err: inner},
		&veil.Error{Text: "y", Cause: inner}, &url.Error{Op: "Get", URL: "secret", Err: inner},
	} {
		e := &veil.Error{Text: "text", Cause: cause}
		var path, wantPath *fs.PathError
		var op, wantOp *net.OpError
		var timeout, wantTimeout interface{ Timeout() bool }
		if got, want := errors.As(e, &path), errors.As(cause, &wantPath); got != want || path != wantPath {
			t.Errorf("%v: *fs.PathError: %t, want %t", cause, got, want)
		}
		if got, want := errors.As(e, &op), errors.As(cause, &wantOp); got != want || op != wantOp {
			t.Errorf("%v: *net.OpError: %t, want %t", cause, got, want)
		}
		if !errors.As(e, &timeout) {
			t.Errorf("%v: no timeout", cause)
		}
		var other asOtherError
		is := errors.As(cause, &wantTimeout) && wantTimeout.Timeout() && !errors.As(cause, &other)
		if e.Timeout() != is || veil.Timeout(cause) != is {
			t.Errorf("%v: timeout %t, want %t", cause, e.Timeout(), is)
		}
		if errors.Is(e, io.EOF) != errors.Is(cause, io.EOF) {
			t.Errorf("%v: io.EOF", cause)
		}
		if got := fmt.Sprintf("%v %+v %s", e, e, e); got != "text text text" || errors.Unwrap(e) != nil {
			t.Errorf("prints %q", got)
		}
	}
}

func TestIs(t *testing.T) {
	e := &veil.Error{Text: "text", Cause: fmt.Errorf("%w, %w", io.EOF, fs.ErrExist), Also: fs.ErrClosed, Not: io.EOF}
	if errors.Is(e, io.EOF) || !errors.Is(e, fs.ErrExist) || !errors.Is(e, fs.ErrClosed) || errors.Is(e, fs.ErrInvalid) {
		t.Error("does not match what it should")
	}
	if errors.Is(&veil.Error{Cause: io.EOF}, nil) {
		t.Error("matches nil")
	}
}

func TestClean(t *testing.T) {
	cause := &url.Error{Op: "Get", URL: "secret", Err: io.EOF}
	e := &veil.Error{Text: "text", Cause: cause, Clean: func(u *url.Error) *url.Error { return &url.Error{Op: u.Op, URL: "clean", Err: u.Err} }}
	if u, ok := errors.AsType[*url.Error](e); !ok || u.URL != "clean" || cause.URL != "secret" {
		t.Errorf("%v", u)
	}
}
