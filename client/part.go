package client

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// A part is a group of methods of a client, kept together so that a type has
// no more of them than can be looked over.
type part struct{ client *Client }

// String names the service that the client is for.
func (p part) String() string { return p.client.String() }

// Format writes what String returns, for every verb.
func (p part) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalText returns what String returns.
func (p part) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// inParallel calls f for each item, at most limit at a time, and returns the
// results in the order of the items. The first error ends what is under way,
// and is returned once all of it has ended.
func inParallel[T, R any](ctx context.Context, items []T, limit int, f func(context.Context, T) (R, error)) ([]R, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]R, len(items))
	slots := make(chan struct{}, limit)
	var all sync.WaitGroup
	for i, item := range items {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-slots }()
			var err error
			if results[i], err = f(ctx, item); err != nil {
				cancel(err) // the first one stays the cause
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return results, nil
}
