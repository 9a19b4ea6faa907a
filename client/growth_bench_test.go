package client_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/lean"
)

// BenchmarkGrowth reports what a unit of work costs as there is more of it, and the
// exponent with which the whole grows over the last two steps of ten: 1 is linear.
func BenchmarkGrowth(b *testing.B) {
	b.Run("records", func(b *testing.B) { // of one page
		grow(b, []int{1, 10, 100, 1_000, 10_000, 100_000}, func(n int) func() (units int) {
			page := lean.JSON(success("["+strings.TrimSuffix(strings.Repeat(growthRecord+",", n), ",")+"]", `{}`))
			conn := growthConnector(b, page)
			return func() int {
				rounds := max(1, 1_000/n)
				for range rounds {
					v, _, err := client.Execute[[]benchIssue](b.Context(), conn, "issues", "list", nil)
					if err != nil || len(v) != n {
						b.Fatal(len(v), err)
					}
				}
				return n * rounds
			}
		})
	})
	b.Run("workers", func(b *testing.B) { // that share a connector
		grow(b, []int{1, 4, 40, 410, 4_096}, func(n int) func() int {
			conn := growthConnector(b, lean.JSON(benchPage()))
			return func() int {
				total := max(400, n)
				var next atomic.Int64
				var wg sync.WaitGroup
				for range n {
					wg.Go(func() {
						for next.Add(1) <= int64(total) {
							if err := bySDK(b.Context(), conn); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
				return total
			}
		})
	})
	b.Run("connectors", func(b *testing.B) { // of a client each, connected and called once
		grow(b, []int{1, 10, 100, 1_000, 10_000}, func(n int) func() int {
			base := growthConnector(b, lean.JSON(success("["+growthRecord+"]", `{}`))).Workspace().Client()
			return func() int {
				rounds := max(1, 100/n)
				for range rounds {
					conns := make([]*client.Connector, n)
					for i := range conns {
						conns[i] = base.Workspace(fmt.Sprint("customer-", i)).ConnectorByID(uuidOf(i))
					}
					for _, conn := range conns {
						if _, _, err := client.Execute[[]benchIssue](b.Context(), conn, "issues", "list", nil); err != nil {
							b.Fatal(err)
						}
					}
				}
				return n * rounds
			}
		})
	})
}

const growthRecord = `{"id":9007199254740000,"number":7,"title":"The title of an issue","state":"open","html_url":"https://github.example/acme/app/issues/7","user":{"id":7,"login":"octo"},"labels":["bug","help"],"comments":3,"created_at":"2026-01-02T03:04:05Z","x":null}`

// growthConnector returns a connector of a server that sends one reply.
func growthConnector(b *testing.B, reply *lean.Reply) *client.Connector {
	s, err := lean.Start(func([]byte) *lean.Reply { return reply })
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	conn := benchConnector(b, s.URL)
	if _, err := conn.Execute(context.Background(), "issues", "list", nil); err != nil {
		b.Fatal(err)
	}
	return conn
}

// grow measures work of several sizes alternately, and reports the fastest of each, since
// there is no reference to compare with.
func grow(b *testing.B, sizes []int, prepare func(n int) func() (units int)) {
	var work []func() int
	for _, n := range sizes {
		work = append(work, prepare(n))
	}
	took := make([][]float64, len(sizes))
	for b.Loop() {
		for i, f := range work {
			start := time.Now()
			units := f()
			took[i] = append(took[i], float64(time.Since(start).Nanoseconds())/1e3/float64(units))
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, n := range sizes {
		b.ReportMetric(slices.Min(took[i]), fmt.Sprintf("µs-each-of-%d", n))
	}
	last, before := len(sizes)-1, len(sizes)-3
	growth := float64(sizes[last]) * slices.Min(took[last]) / (float64(sizes[before]) * slices.Min(took[before]))
	b.ReportMetric(math.Log(growth)/math.Log(float64(sizes[last])/float64(sizes[before])), "exponent")
}
