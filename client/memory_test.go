package client_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// liveHeap returns how many bytes are in use after a garbage collection.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // frees what finalizers and pools released in the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // no heap is that large
}

// pageMemory is the memory of a page of benchPage: 25 KB of JSON and about 45
// KB of records.
const pageMemory = 70_000

// growthOfAll iterates over a thousand pages and returns by how much the live
// heap grew at most after the first fifty.
func growthOfAll(tb testing.TB, prefetch bool) int64 {
	const pages = 1000
	page := benchPage()
	var v *vendor
	v = &vendor{answer: func(int, map[string]any) string {
		v.asked = v.asked[:0] // keep none
		return page
	}}
	n := 0
	opts := []client.ExecuteOption{client.WithPager(func(_ *client.Result, _ client.Params) (client.Params, error) {
		if n++; n == pages {
			return nil, nil
		}
		return client.Params{"page": n}, nil
	})}
	if prefetch {
		opts = append(opts, client.WithPrefetch())
	}
	var first, most int64
	rows := 0
	for _, err := range client.All[benchIssue](tb.Context(), v.connector(tb, "x"), "issues", "list", nil, opts...) {
		if err != nil {
			tb.Fatal(err)
		}
		if rows++; rows%10_000 == 5_000 {
			if live := liveHeap(); first == 0 {
				first = live
			} else {
				most = max(most, live-first)
			}
		}
	}
	if rows != 100*pages {
		tb.Fatalf("%d rows", rows)
	}
	return most
}

// Iterating over many pages takes the memory of one or two pages. Only a hash
// for each cursor is added.
func TestAllMemoryStaysFlat(t *testing.T) {
	for _, prefetch := range []bool{false, true} {
		if grown := growthOfAll(t, prefetch); grown > 2*pageMemory {
			t.Errorf("prefetch %t: the live heap grew by %d bytes, more than two pages", prefetch, grown)
		}
	}
}

// A file is streamed, so downloading a large one allocates no more than a small
// one.
func TestDownloadMemory(t *testing.T) {
	const size = 64 << 20
	fake := agentstest.NewServer(agentstest.WithConnector("files", agentstest.Connector{Slug: "drive", Entities: map[string]agentstest.Entity{
		"files": {Files: map[string]agentstest.File{"large": {Name: "large.bin", Size: size}}},
	}}))
	defer fake.Close()
	drive, err := client.Connect(t.Context(), "drive", client.WithWorkspaceName("files"),
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := drive.Download(t.Context(), "files", client.Params{"id": "large"})
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(struct{ io.Writer }{io.Discard}, d)
	runtime.ReadMemStats(&after)
	if err != nil || n != size || d.Close() != nil {
		t.Fatal(n, err)
	}
	// both sides of the connection are in this process
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes allocated in all, want at most 1 MiB", used)
	}
}
