package gen

import (
	"bytes"
	"encoding/json"
)

// Nullable is a field of a change, where leaving the field out, sending null
// and sending a value are three different things. The zero value is a field
// that is left out; [Value] and [Null] make the other two.
//
//	gen.WorkspaceUpdateRequest{CacheEnabled: gen.Null[bool]()}
//
// A field of this type is tagged omitzero, which is what leaves it out. On its
// own, where nothing can be left out, the zero value is written as null.
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

// Value is a field that is sent with a value, also when the value is empty.
// A nil slice or map cannot be told from null in JSON: take an empty one for
// [] or {}.
func Value[T any](v T) Nullable[T] { return Nullable[T]{value: v, state: present} }

// Null is a field that is sent as null.
func Null[T any]() Nullable[T] { return Nullable[T]{state: null} }

// Get returns the value. It reports false, with the zero value of T, for a
// field that is null or left out.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == present }

// IsNull reports whether the field is null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// IsZero reports whether the field is left out. Encoders ask it on behalf of
// the option omitzero.
func (n Nullable[T]) IsZero() bool { return n.state == absent }

// MarshalJSON implements [json.Marshaler].
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.state != present {
		return []byte("null"), nil
	}
	return json.Marshal(n.value)
}

// UnmarshalJSON implements [json.Unmarshaler]. Decoders do not call it for a
// field that is not there, which leaves the zero value.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*n = Null[T]()
		return nil
	}
	var v T // fresh, so that a failure leaves n as it was
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*n = Value(v)
	return nil
}
