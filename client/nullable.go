package client

import "github.com/airbyte-agents/airbyte-agents-go/gen"

// Nullable is a field of a change for which leaving it out, null and a value
// are three different things. The zero value leaves the field as it is, [Null]
// takes its value away, [Value] gives it another.
//
//	ws.Update(ctx, client.WorkspaceChange{ContextStore: client.Value(false)})
type Nullable[T any] = gen.Nullable[T]

// Value is a field that gets a value, also an empty one: take an empty slice,
// not a nil one, for a list without elements.
func Value[T any](v T) Nullable[T] { return gen.Value(v) }

// Null is a field whose value is taken away.
func Null[T any]() Nullable[T] { return gen.Null[T]() }

// set is a field that gets a value unless that is the zero value, for fields
// that have no use for null.
func set[T comparable](v T) Nullable[T] {
	if v == *new(T) {
		return Nullable[T]{}
	}
	return Value(v)
}

// optional is a field of a request that is left out when it is empty.
func optional[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
