// Package veil hides the text of an error that matches as before.
package veil

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
)

// An Error has a text of its own and matches what its cause matches, with errors.Is and
// errors.As. It does not unwrap to the cause: programs that report errors walk down to
// the causes, and show their texts too.
type Error struct {
	Text  string
	Cause error

	Also, Not error // what the error matches too, and does not match; nil for none

	// Clean, unless nil, is applied to a *url.Error in the cause that is asked for.
	Clean func(*url.Error) *url.Error
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Is reports whether the cause matches target.
func (e *Error) Is(target error) bool {
	return e.Also != nil && target == e.Also || target != e.Not && errors.Is(e.Cause, target)
}

// As finds an error of the type of target in the cause. It does what errors.As does,
// which adds more to a program.
func (e *Error) As(target any) bool {
	to := reflect.ValueOf(target).Elem()
	if !find(e.Cause, func(err error) bool {
		if reflect.TypeOf(err).AssignableTo(to.Type()) {
			to.Set(reflect.ValueOf(err))
			return true
		}
		x, ok := err.(interface{ As(target any) bool })
		return ok && x.As(target)
	}) {
		return false
	}
	if u, ok := target.(**url.Error); ok && e.Clean != nil {
		*u = e.Clean(*u)
	}
	return true
}

// Timeout reports whether the cause is a timeout, for url.Error.Timeout.
func (e *Error) Timeout() bool { return Timeout(e.Cause) }

// Format writes the text, so that no verb shows the cause.
func (e *Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Text) }

// Timeout reports whether err, or an error that it wraps, is a timeout.
func Timeout(err error) bool {
	return find(err, func(err error) bool {
		t, ok := err.(interface{ Timeout() bool })
		return ok && t.Timeout()
	})
}

// find reports whether f returns true for err or an error that it wraps.
func find(err error, f func(error) bool) bool {
	for err != nil {
		if f(err) {
			return true
		}
		switch x := err.(type) { //nolint:errorlint // one level
		case interface{ Unwrap() error }:
			err = x.Unwrap()
		case interface{ Unwrap() []error }:
			for _, inner := range x.Unwrap() {
				if find(inner, f) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}
