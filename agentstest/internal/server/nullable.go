package server

import (
	"bytes"
	"encoding/json"
)

// A Nullable is a field of a request that changes something: absent, null or a
// value. The zero Nullable is absent. Package gen has a type of the same name for
// the sender.
type Nullable[T any] struct {
	value T
	state nullableState
}

type nullableState uint8

const (
	absent nullableState = iota
	null
	present
)

// Get returns the value. For a field that is null or absent it returns the zero
// value of T and false.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == present }

// IsNull reports whether the field is null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// IsZero reports whether the field is absent.
func (n Nullable[T]) IsZero() bool { return n.state == absent }

// UnmarshalJSON implements [json.Unmarshaler]. Decoders do not call it for an
// absent field, which stays the zero Nullable.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*n = Nullable[T]{state: null}
		return nil
	}
	var v T // not n.value, so that an error leaves n unchanged
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*n = Nullable[T]{value: v, state: present}
	return nil
}
