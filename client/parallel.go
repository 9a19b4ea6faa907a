package client

import (
	"context"
	"sync"

	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

// inParallel calls f for each item, at most limit at a time, and returns the
// results in the order of the items. The first error cancels the other calls;
// inParallel returns it when they have ended.
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
		if ctx.Err() != nil { // both cases may have been ready
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
	case begun < len(items): // the caller's ctx ended while no call was running
		return nil, &Error{err: timing.Ended(ctx)}
	}
	return results, nil
}
