package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/lean"
)

// The benchmarks of this file report what things cost, rather than how long
// they take.

// BenchmarkFirstCalls counts the token requests of a thousand first calls at
// once, by connectors of ten clients with the same credentials.
func BenchmarkFirstCalls(b *testing.B) {
	const calls, clients = 1000, 10
	var tokens atomic.Int64
	token := lean.JSON(`{"access_token":"a-token","token_type":"Bearer","expires_in":900}`)
	token.Delay = 50 * time.Millisecond // so that all calls need it at the same time
	page := lean.JSON(benchPage())
	s, err := lean.Start(func(target []byte) *lean.Reply {
		if string(target) == tokenPath {
			tokens.Add(1)
			return token
		}
		return page
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	rounds := 0
	var most int64
	for b.Loop() {
		rounds++
		tokens.Store(0)
		var conns []*client.Connector
		for range clients {
			c, err := client.New(client.WithBaseURL(s.URL), client.WithCredentials(fmt.Sprint("app-", rounds), "a-secret"))
			if err != nil {
				b.Fatal(err)
			}
			conns = append(conns, c.DefaultWorkspace().ConnectorByID(vendorID))
		}
		var wg sync.WaitGroup
		for i := range calls {
			wg.Go(func() {
				if err := bySDK(b.Context(), conns[i%clients]); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		most = max(most, tokens.Load())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(most), "token-requests")
}

// A slowMint returns the first token at once, and another one when release is
// closed.
type slowMint struct {
	life    time.Duration
	minted  atomic.Int64 // tokens that were requested
	release chan struct{}
}

func (m *slowMint) Token(ctx context.Context) (*auth.Token, error) {
	if m.minted.Add(1) > 1 {
		select {
		case <-m.release:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &auth.Token{AccessToken: "a-token", Expiry: time.Now().Add(m.life)}, nil
}

// BenchmarkDuringRefresh compares calls during a refresh of the token with
// calls while there is none. The refresh ends when all these calls are done, so
// a call that waited for it would fail.
func BenchmarkDuringRefresh(b *testing.B) {
	const calls, life = 1000, 5 * time.Second // the calls of one round take a second at most
	base := benchServer(b)
	block := func(conn *client.Connector) (took []float64) {
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		defer cancel()
		runtime.GC()
		for range calls {
			at := time.Now()
			if err := bySDK(ctx, conn); err != nil {
				b.Fatal(err)
			}
			took = append(took, float64(time.Since(at).Nanoseconds())/1e3)
		}
		return took
	}
	var quiet, during []float64
	for b.Loop() {
		src := &slowMint{life: life, release: make(chan struct{})}
		c, err := client.New(client.WithBaseURL(base), client.WithTokenSource(auth.NewCache(src)))
		if err != nil {
			b.Fatal(err)
		}
		conn := c.DefaultWorkspace().ConnectorByID(vendorID)
		start := time.Now()
		quiet = append(quiet, block(conn)...)
		if src.minted.Load() != 1 {
			b.Fatal("the machine is too slow: the token was refreshed before it should have been")
		}
		// a third of its lifetime or a little less is left; see auth.Cache
		time.Sleep(time.Until(start.Add(life*2/3 + life/12)))
		during = append(during, block(conn)...)
		if src.minted.Load() != 2 {
			b.Fatal("no refresh was under way")
		}
		close(src.release)
	}
	q, d := percentile(quiet, 99), percentile(during, 99)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(d/q, "p99-ratio")
	b.ReportMetric(q, "quiet-p99-µs")
	b.ReportMetric(d, "refresh-p99-µs")
	b.ReportMetric(float64(len(during)), "calls")
}

// BenchmarkAllHeap reports by how much the live heap grows during a thousand
// pages, not counting the first ones, in pages.
func BenchmarkAllHeap(b *testing.B) {
	var most int64
	for b.Loop() {
		for _, prefetch := range []bool{false, true} {
			most = max(most, growthOfAll(b, prefetch))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(most), "grown-B")
	b.ReportMetric(float64(most)/pageMemory, "grown-pages")
}

// BenchmarkDownloadHeap reports how much is allocated, by both sides together,
// while a file of 1 GiB is downloaded.
func BenchmarkDownloadHeap(b *testing.B) {
	const size = 1 << 30
	file := lean.File(size)
	s, err := lean.Start(func([]byte) *lean.Reply { return file })
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	conn := benchConnector(b, s.URL)
	var most uint64
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d, err := conn.Download(b.Context(), "files", client.Params{"id": "large"})
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(struct{ io.Writer }{io.Discard}, d)
		runtime.ReadMemStats(&after)
		if err = errors.Join(err, d.Close()); err != nil || n != size {
			b.Fatal(n, err)
		}
		most = max(most, after.TotalAlloc-before.TotalAlloc)
	}
	b.SetBytes(size)
	b.ReportMetric(float64(most)/(1<<20), "heap-MiB")
}

// BenchmarkConnectors reports the memory of each of ten thousand connectors,
// also if each has a client of its own, as after Connect, and that of a
// workspace.
func BenchmarkConnectors(b *testing.B) {
	const n = 10_000
	hc := &http.Client{Transport: http.DefaultTransport}
	shared := benchConnector(b, "http://127.0.0.1:1").Workspace().Client()
	each := func(connect func(i int) *client.Connector) float64 {
		conns := make([]*client.Connector, n)
		before := liveHeap()
		for i := range conns {
			conns[i] = connect(i)
		}
		after := liveHeap()
		runtime.KeepAlive(conns)
		return float64(after-before) / n
	}
	var same, own, connected float64
	for b.Loop() {
		same = each(func(i int) *client.Connector { return shared.DefaultWorkspace().ConnectorByID(uuidOf(i)) })
		own = each(func(i int) *client.Connector {
			return shared.Workspace(fmt.Sprint("customer-", i)).ConnectorByID(uuidOf(i))
		})
		connected = each(func(i int) *client.Connector {
			c, err := client.Connect(context.Background(), "github", client.WithConnectorID(uuidOf(i)), client.WithHTTPClient(hc),
				client.WithCredentials("app", "secret"), client.WithWorkspaceName(fmt.Sprint("customer-", i)))
			if err != nil {
				b.Fatal(err)
			}
			return c
		})
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(same, "B/connector")
	b.ReportMetric(own, "B/connector+workspace")
	b.ReportMetric(connected, "B/connector+client")
}

func uuidOf(i int) string { return fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012d", i) }
