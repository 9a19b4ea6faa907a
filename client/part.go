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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		results = make([]R, len(items))
		slots   = make(chan struct{}, limit)
		all     sync.WaitGroup
		once    sync.Once
		first   error
		begun   int
	)
	for i, item := range items {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil { // both may have been ready
			break
		}
		begun++
		all.Go(func() {
			defer func() { <-slots }()
			got, err := f(ctx, item)
			if err != nil {
				once.Do(func() { first = err; cancel() })
			}
			results[i] = got
		})
	}
	all.Wait()
	switch {
	case first != nil:
		return nil, first
	case begun < len(items): // the caller's ctx ended while none was under way
		return nil, &Error{err: ended(ctx)}
	}
	return results, nil
}
