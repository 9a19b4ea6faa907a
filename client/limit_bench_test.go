package client_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/lean"
)

// The benchmarks of this file compare the SDK with the least that any client must do
// for the same records: one request that is prepared and used again, sent by net/http,
// the response read into a buffer that is used again, and decoded with version 2 of
// package json, without a check of anything but the status.

// A leastClient makes the same call again and again.
type leastClient struct {
	hc   *http.Client
	req  *http.Request
	body *bytes.Reader
	buf  bytes.Buffer
}

func newLeast(ctx context.Context, tb testing.TB, hc *http.Client, base string) *leastClient {
	l := &leastClient{hc: hc, body: bytes.NewReader([]byte(`{"action":"list","entity":"issues","params":{"per_page":100}}`))}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/integrations/connectors/"+vendorID+"/execute", l.body)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer token")
	l.req = req
	return l
}

// read makes the call and returns the response, which is valid until the next call.
func (l *leastClient) read() ([]byte, error) {
	_, _ = l.body.Seek(0, io.SeekStart)
	l.req.Body = io.NopCloser(l.body)
	resp, err := l.hc.Do(l.req)
	if err != nil {
		return nil, err
	}
	l.buf.Reset()
	_, err = l.buf.ReadFrom(resp.Body)
	_ = resp.Body.Close()
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", resp.Status)
	}
	return l.buf.Bytes(), err
}

// leastPage decodes the response of a call. rows is nil, or what is used again.
func leastPage[T any](l *leastClient, rows []T) ([]T, error) {
	data, err := l.read()
	if err != nil {
		return nil, err
	}
	e := struct {
		Status string `json:"status"`
		Result []T    `json:"result"`
	}{Result: rows}
	if err := jsonv2.Unmarshal(data, &e, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, err
	}
	if e.Status != "success" || len(e.Result) != 100 {
		return nil, fmt.Errorf("%s, %d records", e.Status, len(e.Result))
	}
	return e.Result, nil
}

// BenchmarkLeast compares a call with the least.
func BenchmarkLeast(b *testing.B) {
	base := benchServer(b)
	conn, l := benchConnector(b, base), newLeast(b.Context(), b, handClient(), base)
	compare(b, 100,
		func() error { return bySDK(b.Context(), conn) },
		func() error { _, err := leastPage[benchIssue](l, nil); return err })
}

// BenchmarkLeastPages compares an iteration with the least for as many pages, which also
// uses the memory of the records again.
func BenchmarkLeastPages(b *testing.B) {
	const pages = 100
	base := pagesServer(b, pages, benchRecords(), 0)
	conn, l := pagingConnector(b, base), newLeast(b.Context(), b, handClient(), base)
	compare(b, 1,
		func() error {
			n := 0
			for v, err := range client.All[benchIssue](b.Context(), conn, "issues", "list", client.Params{"per_page": 100}) {
				if err != nil {
					return err
				}
				n += min(1, len(v.Title))
			}
			if n != pages*100 {
				return fmt.Errorf("%d records", n)
			}
			return nil
		},
		func() error {
			var rows []benchIssue
			n := 0
			for range pages {
				var err error
				if rows, err = leastPage(l, rows[:0]); err != nil {
					return err
				}
				for _, v := range rows {
					n += min(1, len(v.Title))
				}
			}
			if n != pages*100 {
				return fmt.Errorf("%d records", n)
			}
			return nil
		})
}

// pagesServer responds with pages that have the same records and cursors of their own,
// again from the first one after the last.
func pagesServer(tb testing.TB, pages int, records string, delay time.Duration) string {
	tb.Helper()
	var replies []*lean.Reply
	for i := range pages {
		reply := lean.JSON(success(records, fmt.Sprintf(`{"has_next_page":%v,"end_cursor":"cursor-%d"}`, i < pages-1, i)))
		reply.Delay = delay
		replies = append(replies, reply)
	}
	var next atomic.Int64
	s, err := lean.Start(func([]byte) *lean.Reply { return replies[(next.Add(1)-1)%int64(pages)] })
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s.URL
}

// pagingConnector is benchConnector for a kind of connector that is known.
func pagingConnector(tb testing.TB, base string) *client.Connector {
	c, err := client.Connect(tb.Context(), "github", client.WithConnectorID(vendorID), client.WithBaseURL(base), client.WithTokenSource(auth.NewCache(auth.Static("token"))))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// BenchmarkPrefetch compares a loop that is as slow as the network, 20 ms for each page
// on either side, with and without WithPrefetch.
func BenchmarkPrefetch(b *testing.B) {
	const pages, delay = 25, 20 * time.Millisecond
	conn := pagingConnector(b, pagesServer(b, pages, `[{"id":1}]`, delay))
	loop := func(opts ...client.ExecuteOption) func() error {
		return func() error {
			n := 0
			for _, err := range client.All[benchIssue](b.Context(), conn, "issues", "list", nil, opts...) {
				if err != nil {
					return err
				}
				n++
				time.Sleep(delay)
			}
			if n != pages {
				return fmt.Errorf("%d records", n)
			}
			return nil
		}
	}
	compare(b, 1, loop(client.WithPrefetch()), loop())
}
