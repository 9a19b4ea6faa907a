package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// With a prefetch, the next page is requested while the loop handles a page,
// and does not change the records that the loop has not seen yet.
func TestPrefetch(t *testing.T) {
	for ahead, opts := range map[int][]client.ExecuteOption{0: nil, 1: {client.WithPrefetch()}} {
		synctest.Test(t, func(t *testing.T) {
			v := &vendor{answer: func(n int, _ map[string]any) string {
				meta := fmt.Sprintf(`{"next_cursor":"c%d"}`, n)
				if n == 3 {
					meta = `{}`
				}
				return success(fmt.Sprintf(`[{"id":%d},{"id":%d}]`, 10*n+1, 10*n+2), meta)
			}}
			var rows []row
			for r, err := range client.All[row](t.Context(), v.connector(t, "x"), "things", "list", nil, opts...) {
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if want := min(1+len(rows)/2+ahead, 4); len(v.asked) != want {
					t.Errorf("%d pages ahead: %d requests at record %d, want %d", ahead, len(v.asked), len(rows), want)
				}
				rows = append(rows, r)
			}
			if got := ids(rows); got != "1 2 11 12 21 22 31 32" {
				t.Errorf("%d pages ahead: %s", ahead, got)
			}
		})
	}
}

// The request for the next page ends before the loop does.
func TestPrefetchEndsWithTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1}]`, `{"next_cursor":"c"}`) }}
		var running, requests atomic.Int32
		c, err := client.Connect(t.Context(), "x", client.WithConnectorID(vendorID), client.WithBaseURL("https://api.test"), client.WithTokenSource(auth.Static("token")),
			client.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				if requests.Add(1) == 1 {
					return v.RoundTrip(req)
				}
				running.Add(1)
				defer running.Add(-1)
				<-req.Context().Done()
				return nil, context.Cause(req.Context())
			})}))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for _, err := range client.All[row](t.Context(), c, "things", "list", nil, client.WithPrefetch()) {
			if synctest.Wait(); err != nil || running.Load() != 1 {
				t.Errorf("%v; %d requests are running, want the one ahead", err, running.Load())
			}
			break
		}
		if n := running.Load(); n != 0 {
			t.Errorf("%d requests outlive the loop", n)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the loop waited %v for a page that nobody needs", took)
		}
	})
}

// A followed ctx counts who follows it.
type followed struct {
	context.Context
	done      chan struct{}
	followers atomic.Int32
}

func (f *followed) Done() <-chan struct{} { return f.done }

func (f *followed) AfterFunc(func()) (stop func() bool) {
	f.followers.Add(1)
	return sync.OnceValue(func() bool { f.followers.Add(-1); return true })
}

// An iteration leaves nothing behind at the ctx of a program that runs for long, however
// the loop ends.
func TestAllLeavesTheContext(t *testing.T) {
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(fmt.Sprintf(`[{"id":%d}]`, n), fmt.Sprintf(`{"next_cursor":"c%d"}`, n))
	}}
	conn := v.connector(t, "x")
	for name, opts := range map[string][]client.ExecuteOption{"": nil, "prefetch": {client.WithPrefetch()}} {
		ctx := &followed{Context: t.Context(), done: make(chan struct{})}
		for r, err := range client.All[row](ctx, conn, "things", "list", nil, opts...) {
			if err != nil {
				t.Fatal(err)
			}
			if ctx.followers.Load() == 0 {
				t.Fatal("nothing follows the ctx, so that the test shows nothing")
			}
			if r.ID == 2 {
				break
			}
		}
		if n := ctx.followers.Load(); n != 0 {
			t.Errorf("%s: %d contexts still follow that of the loop", name, n)
		}
		v.asked = nil
	}
}

// A connector that gives the cursor of the caller as the next one did not understand
// it: its page is another one than the caller wants to go on from.
func TestAllKnowsTheCursorOfTheCaller(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1}]`, `{"next_cursor":"c"}`) }}
	rows, errs := collect(client.All[row](t.Context(), v.connector(t, "x"), "things", "list", client.Params{"cursor": "c"}))
	if len(errs) != 1 || !errors.Is(errs[0], client.ErrPaging) || len(rows) != 1 || len(v.asked) != 1 {
		t.Errorf("rows %v, errors %v, %d requests", rows, errs, len(v.asked))
	}
}
