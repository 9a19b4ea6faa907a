package client

import "github.com/airbyte-agents/airbyte-agents-go/gen"

// A Nullable is a field of a change that distinguishes between no change, null
// and a value. The zero Nullable leaves the field unchanged, [Null] removes its
// value, and [Value] sets one.
//
//	ws.Update(ctx, client.WorkspaceChange{ContextStore: client.Value(false)})
type Nullable[T any] = gen.Nullable[T]

// Value returns a Nullable that sets the field to v, which may be empty. For a
// list without elements, v must be an empty slice, not nil.
func Value[T any](v T) Nullable[T] { return gen.Value(v) }

// Null returns a Nullable that removes the value of the field.
func Null[T any]() Nullable[T] { return gen.Null[T]() }

// set returns a Nullable that sets the field to v unless v is the zero value.
// It is for fields for which null has no meaning.
func set[T comparable](v T) Nullable[T] {
	if v == *new(T) {
		return Nullable[T]{}
	}
	return Value(v)
}

// optional returns a pointer to v, or nil if v is the zero value, so that a
// request omits the field.
func optional[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
