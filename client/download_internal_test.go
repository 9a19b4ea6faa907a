package client

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// A byte that comes just after the time has ended is the last one. The error of the next
// read is that of the time, not that of the ctx, which the caller did not end.
func TestByteAfterTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stops atomic.Int32
		slow := readerFunc(func(p []byte) (int, error) {
			time.Sleep(2 * time.Second)
			return copy(p, "x"), nil
		})
		body := io.MultiReader(io.LimitReader(slow, 1), iotest.ErrReader(context.Canceled))
		b := &timed{ReadCloser: io.NopCloser(body), limit: time.Second, stop: func() { stops.Add(1) }}
		text, err := io.ReadAll(b)
		if string(text) != "x" || !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.Canceled) || stops.Load() != 1 {
			t.Errorf("%q, %v, %d stops", text, err, stops.Load())
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
