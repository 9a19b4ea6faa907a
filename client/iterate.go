package client

import (
	"iter"
	"reflect"
)

// The compiler makes a copy of a function with a type parameter, and a description of
// each type in it that is allocated, for every type of record. So these functions hold
// hardly any code, and no variables of the type that outlive the call: what they share
// decodes into values that package reflect makes, as the decoder does anyway. And what
// makes a feed is not inlined, or else each place of a call would have a copy of it.

// A feed decodes records into slices of a type and yields them.
type feed func(slice reflect.Type, yield yielder)

// A yielder takes a pointer to a record, or nil, and an error. It returns false if the
// loop ended.
type yielder func(record any, err error) bool

// iterate returns an iterator over the records of a feed.
//
//go:noinline
func iterate[T any](f feed) iter.Seq2[T, error] {
	return func(loop func(T, error) bool) {
		body := any(loop)
		f(reflect.TypeFor[[]T](), func(record any, err error) bool {
			return body.(func(T, error) bool)(valueAt[T](record), err)
		})
	}
}

// valueAt returns the value that a pointer points to, or zero if there is none.
func valueAt[T any](pointer any) (v T) {
	if p, ok := pointer.(*T); ok {
		v = *p
	}
	return v
}

// naming returns a yielder that adds s to the errors and passes everything on to loop.
func naming(s subject, loop yielder) yielder {
	return func(record any, err error) bool {
		if err != nil {
			err = s.addTo(err)
		}
		return loop(record, err)
	}
}

// failing is a feed with nothing but an error.
func failing(err error) feed {
	return func(_ reflect.Type, yield yielder) { yield(nil, err) }
}
