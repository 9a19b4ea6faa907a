package server

import (
	"bytes"
	"encoding/json"
)

// Nullable is a field of a change as it arrived: left out, which is the zero
// value, null, or a value. It is the reading half of the type of the same name
// in package gen.
type Nullable[T any] struct {
	value T
	state nullableState
}

type nullableState uint8

const (
	absent nullableState = iota // the zero value
	null
	present
)

// Get returns the value. It reports false, with the zero value of T, for a
// field that is null or left out.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == present }

// IsNull reports whether the field is null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// IsZero reports whether the field is left out.
func (n Nullable[T]) IsZero() bool { return n.state == absent }

// UnmarshalJSON implements [json.Unmarshaler]. Decoders do not call it for a
// field that is not there, which leaves the zero value.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*n = Nullable[T]{state: null}
		return nil
	}
	var v T // fresh, so that a failure leaves n as it was
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*n = Nullable[T]{value: v, state: present}
	return nil
}
