package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// A Nullable is a field of a change. It distinguishes between a field that is
// left out, null and a value. The zero Nullable is a field that is left out.
// [Null] and [Value] return the other two.
//
//	gen.WorkspaceUpdateRequest{CacheEnabled: gen.Null[bool]()}
//
// Fields of this type have the tag option omitzero, which leaves them out. The
// zero Nullable marshals as null where it cannot be left out.
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

// Value returns a Nullable with the value v. The field is sent even if v is
// empty. A nil slice or map marshals as null, so use an empty one for [] or {}.
func Value[T any](v T) Nullable[T] { return Nullable[T]{value: v, state: present} }

// Null returns a Nullable that is sent as null.
func Null[T any]() Nullable[T] { return Nullable[T]{state: null} }

// Get returns the value and true. If the field is null or left out, it returns
// the zero value of T and false.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == present }

// IsNull reports whether the field is null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// IsZero reports whether the field is left out. Encoders call it for fields
// with the tag option omitzero.
func (n Nullable[T]) IsZero() bool { return n.state == absent }

// Format implements [fmt.Formatter]. It writes the value as the verb and the flags say, or
// null, or nothing for a field that is left out. Without it, fmt would print the value
// without calling its methods, and so show a value that hides itself.
func (n Nullable[T]) Format(f fmt.State, verb rune) {
	switch n.state {
	case present:
		_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), n.value)
	case null:
		_, _ = io.WriteString(f, "null")
	}
}

// MarshalJSON implements [json.Marshaler]. A field that is null or left out
// marshals as null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.state != present {
		return []byte("null"), nil
	}
	return json.Marshal(n.value)
}

// UnmarshalJSON implements [json.Unmarshaler]. Decoders do not call it for a
// missing field, which is therefore left unchanged.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*n = Null[T]()
		return nil
	}
	var v T // new, so that n is unchanged if decoding fails
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*n = Value(v)
	return nil
}
