package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/lean"
)

// The benchmarks of this file compare the SDK with the same work done by hand.
// They alternate within one run, since the speed of a machine changes from one
// minute to the next. They report ratios and the values that the ratios are
// computed from: "sdk-" is this package, "hand-" is net/http and encoding/json.
// `make bench` prints them as a table.

// A benchIssue is a record of about 250 bytes with typical fields.
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

// benchRecords is an array of 100 records, 25 KB.
func benchRecords() string {
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
	return b.String()
}

// benchPage is the response that contains them.
func benchPage() string {
	return success(benchRecords(), `{"has_next_page":true,"end_cursor":"abc"}`)
}

// benchServer responds to every request with a page.
func benchServer(tb testing.TB) string {
	page := lean.JSON(benchPage())
	s, err := lean.Start(func([]byte) *lean.Reply { return page })
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s.URL
}

// benchConnector returns a connector of a client with a cached token.
func benchConnector(tb testing.TB, base string) *client.Connector {
	c, err := client.New(client.WithBaseURL(base), client.WithTokenSource(auth.NewCache(auth.Static("token"))))
	if err != nil {
		tb.Fatal(err)
	}
	return c.DefaultWorkspace().ConnectorByID(vendorID)
}

// bySDK makes one call.
func bySDK(ctx context.Context, conn *client.Connector) error {
	v, _, err := client.Execute[[]benchIssue](ctx, conn, "issues", "list", client.Params{"per_page": 100})
	if err == nil && len(v) != 100 {
		err = fmt.Errorf("%d records", len(v))
	}
	return err
}

// handClient returns an HTTP client for many calls at a time, like that of the
// SDK.
func handClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 256
	t.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: t}
}

// byHand makes the same call as bySDK in the way in which a careful engineer
// writes it: with one HTTP client, a body that is limited and read to its end,
// and a check of the status. read is presized or io.ReadAll, which here is as
// fast as json.NewDecoder and takes less memory.
func byHand(ctx context.Context, hc *http.Client, base string, read func(io.Reader) ([]byte, error)) error {
	body, err := json.Marshal(map[string]any{"entity": "issues", "action": "list", "params": map[string]any{"per_page": 100}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/integrations/connectors/"+vendorID+"/execute", bytes.NewReader(body))
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
	data, err := read(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s: %.200s", resp.Status, data)
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

// presized reads a page into a buffer that fits it, as code that looks at the
// length of the response can.
func presized(r io.Reader) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, 26<<10))
	_, err := buf.ReadFrom(r)
	return buf.Bytes(), err
}

// A cost is what one call took.
type cost struct{ ns, bytes, allocs float64 }

// measure runs a block of n calls on a fresh heap.
func measure(b *testing.B, n int, call func() error) cost {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range n {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return cost{
		float64(took.Nanoseconds()) / float64(n),
		float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
		float64(after.Mallocs-before.Mallocs) / float64(n),
	}
}

// compare runs blocks of n calls of both kinds alternately, reports the
// medians, and returns those of the SDK.
func compare(b *testing.B, n int, sdk, hand func() error) cost {
	var ours, theirs []cost
	measure(b, n, sdk) // caches and connections
	measure(b, n, hand)
	for b.Loop() {
		ours = append(ours, measure(b, n, sdk))
		theirs = append(theirs, measure(b, n, hand))
	}
	o, t := medianCost(ours), medianCost(theirs)
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i].ns/theirs[i].ns)
	}
	b.ReportMetric(0, "ns/op") // the time of a block of both is meaningless
	b.ReportMetric(median(ratios), "time-ratio")
	b.ReportMetric(o.bytes/t.bytes, "bytes-ratio")
	b.ReportMetric(t.allocs-o.allocs, "allocs-fewer")
	b.ReportMetric(o.ns/1e3, "sdk-µs")
	b.ReportMetric(t.ns/1e3, "hand-µs")
	b.ReportMetric(o.bytes, "sdk-B")
	b.ReportMetric(t.bytes, "hand-B")
	b.ReportMetric(o.allocs, "sdk-allocs")
	b.ReportMetric(t.allocs, "hand-allocs")
	return o
}

func median(list []float64) float64 { return percentile(list, 50) }

func percentile(list []float64, p int) float64 {
	return slices.Sorted(slices.Values(list))[len(list)*p/100]
}

func medianOf[T any](list []T, f func(T) float64) float64 {
	var of []float64
	for _, v := range list {
		of = append(of, f(v))
	}
	return median(of)
}

func medianCost(list []cost) cost {
	return cost{
		medianOf(list, func(c cost) float64 { return c.ns }),
		medianOf(list, func(c cost) float64 { return c.bytes }),
		medianOf(list, func(c cost) float64 { return c.allocs }),
	}
}

// BenchmarkExecute makes one call after the other.
func BenchmarkExecute(b *testing.B) {
	base := benchServer(b)
	conn, hc := benchConnector(b, base), handClient()
	sdk := compare(b, 100,
		func() error { return bySDK(b.Context(), conn) },
		func() error { return byHand(b.Context(), hc, base, io.ReadAll) })
	best := measure(b, 100, func() error { return byHand(b.Context(), hc, base, presized) })
	b.ReportMetric(best.bytes, "presized-B")
	b.ReportMetric(sdk.bytes/best.bytes, "presized-ratio")
}

// BenchmarkDecode decodes only the page, from memory.
func BenchmarkDecode(b *testing.B) {
	r, err := benchConnector(b, benchServer(b)).Execute(b.Context(), "issues", "list", nil)
	if err != nil {
		b.Fatal(err)
	}
	check := func(v []benchIssue, err error) error {
		if err == nil && len(v) != 100 {
			err = fmt.Errorf("%d records", len(v))
		}
		return err
	}
	compare(b, 100,
		func() error {
			var v []benchIssue
			err := r.Decode(&v)
			return check(v, err)
		},
		func() error {
			var v []benchIssue
			err := json.Unmarshal(r.Data, &v)
			return check(v, err)
		})
}

// A load is what a number of workers measured together.
type load struct {
	perSecond  float64
	p50, p99   float64 // of a call, in ms
	goroutines float64 // at most, the workers and those of connections, without the server's
	conns      float64 // open at most
	dialed     float64
}

// run makes total calls with several workers. call returns the function that
// makes a call to a server, which has no connections yet.
func run(b *testing.B, workers, total int, call func(base string) func() error) load {
	idle := runtime.NumGoroutine()
	page := lean.JSON(benchPage())
	s, err := lean.Start(func([]byte) *lean.Reply { return page })
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	do := call(s.URL)
	took := make([]float64, total)
	var next, failed, most atomic.Int64
	var wg, watch sync.WaitGroup
	done := make(chan struct{})
	watch.Go(func() {
		for {
			most.Store(max(most.Load(), int64(runtime.NumGoroutine()-s.Open()-idle-2))) // without this one and the server's
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	start := time.Now()
	for range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(total); i = next.Add(1) - 1 {
				at := time.Now()
				if err := do(); err != nil && failed.Add(1) == 1 {
					b.Error(err)
				}
				took[i] = float64(time.Since(at).Nanoseconds()) / 1e6
			}
		})
	}
	wg.Wait()
	rate := float64(total) / time.Since(start).Seconds()
	close(done)
	watch.Wait()
	l := load{
		perSecond: rate, goroutines: float64(most.Load()),
		conns: float64(s.Peak()), dialed: float64(s.Accepted()),
	}
	s.Close()
	for runtime.NumGoroutine() > idle { // until the connections are closed
		time.Sleep(time.Millisecond)
	}
	if n := failed.Load(); n > 0 {
		b.Fatalf("%d of %d calls failed", n, total)
	}
	l.p50, l.p99 = percentile(took, 50), percentile(took, 99)
	return l
}

// BenchmarkScale makes many calls at a time.
func BenchmarkScale(b *testing.B) {
	for _, workers := range []int{64, 512, 4096} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			hc := handClient()
			total := max(4000, 4*workers)
			var sdk, hand []load
			for b.Loop() {
				sdk = append(sdk, run(b, workers, total, func(base string) func() error {
					conn := benchConnector(b, base)
					return func() error { return bySDK(b.Context(), conn) }
				}))
				hand = append(hand, run(b, workers, total, func(base string) func() error {
					return func() error { return byHand(b.Context(), hc, base, io.ReadAll) }
				}))
			}
			var ratios []float64
			for i := range sdk {
				ratios = append(ratios, sdk[i].perSecond/hand[i].perSecond)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ratios), "rate-ratio")
			for name, loads := range map[string][]load{"sdk": sdk, "hand": hand} {
				for unit, f := range map[string]func(load) float64{
					"calls/s":    func(l load) float64 { return l.perSecond },
					"p50-ms":     func(l load) float64 { return l.p50 },
					"p99-ms":     func(l load) float64 { return l.p99 },
					"goroutines": func(l load) float64 { return l.goroutines },
					"conns":      func(l load) float64 { return l.conns },
					"dialed":     func(l load) float64 { return l.dialed },
				} {
					b.ReportMetric(medianOf(loads, f), name+"-"+unit)
				}
			}
		})
	}
}
