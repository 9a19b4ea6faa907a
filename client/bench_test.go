package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A benchIssue is a record of about 250 bytes, with what records mostly have.
type benchIssue struct {
	ID     int64  `json:"id"`
	Number int    `json:"number"`
	Title  string `json:"title"`
	State  string `json:"state"`
	URL    string `json:"html_url"`
	User   struct {
		ID    int    `json:"id"`
		Login string `json:"login"`
	} `json:"user"`
	Labels    []string `json:"labels"`
	Comments  int      `json:"comments"`
	CreatedAt string   `json:"created_at"`
}

// benchPage is an answer with 100 records, 25 KB.
func benchPage() []byte {
	var b strings.Builder
	b.WriteByte('[')
	for i := range 100 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"number":%d,"title":"The title of issue number %d","state":"open","html_url":"https://github.example/acme/app/issues/%d","user":{"id":%d,"login":"octo"},"labels":["bug","help"],"comments":%d,"created_at":"2026-01-02T03:04:05Z","x":null}`,
			9007199254740000+i, i, i, i, i%7, i%5)
	}
	b.WriteByte(']')
	return []byte(success(b.String(), `{"has_next_page":true,"end_cursor":"abc"}`))
}

func benchServer(b *testing.B) string {
	page := benchPage()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(page)))
		_, _ = w.Write(page)
	}))
	b.Cleanup(srv.Close)
	b.SetBytes(int64(len(page)))
	return srv.URL
}

// BenchmarkExecute compares a call with the same by hand: net/http with the
// same pool of connections, and encoding/json.
func BenchmarkExecute(b *testing.B) {
	for _, workers := range []int{1, 64} {
		run := func(b *testing.B, call func() error) {
			b.ReportAllocs()
			b.SetParallelism(max(workers/2, 1)) // times GOMAXPROCS, which is 2 where the targets are set
			if workers == 1 {
				for b.Loop() {
					if err := call(); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := call(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		b.Run(fmt.Sprintf("sdk-%d", workers), func(b *testing.B) {
			c, err := client.New(client.WithBaseURL(benchServer(b)), client.WithTokenSource(auth.NewCache(auth.Static("token"))))
			if err != nil {
				b.Fatal(err)
			}
			conn := c.Workspace("").ConnectorByID(vendorID)
			ctx := context.Background()
			run(b, func() error {
				v, _, err := client.Execute[[]benchIssue](ctx, conn, "issues", "list", client.Params{"per_page": 100})
				if err == nil && len(v) != 100 {
					err = fmt.Errorf("%d records", len(v))
				}
				return err
			})
		})
		b.Run(fmt.Sprintf("hand-%d", workers), func(b *testing.B) {
			url := benchServer(b) + "/api/v1/integrations/connectors/" + vendorID + "/execute"
			t := http.DefaultTransport.(*http.Transport).Clone()
			t.MaxIdleConnsPerHost = 64
			hc := &http.Client{Transport: t}
			run(b, func() error { return byHand(hc, url) })
		})
	}
}

func byHand(hc *http.Client, url string) error {
	body, err := json.Marshal(map[string]any{"entity": "issues", "action": "list", "params": map[string]any{"per_page": 100}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer token")
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	var e struct {
		Status   string       `json:"status"`
		Result   []benchIssue `json:"result"`
		Metadata struct {
			HasNext bool   `json:"has_next_page"`
			Cursor  string `json:"end_cursor"`
		} `json:"connector_metadata"`
		Execution struct {
			ID     string `json:"connector_instance_id"`
			Millis int    `json:"execution_time_ms"`
		} `json:"execution_metadata"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	if e.Status != "success" || len(e.Result) != 100 {
		return fmt.Errorf("%s, %d records", e.Status, len(e.Result))
	}
	return nil
}
