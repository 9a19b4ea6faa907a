package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

// A limited service accepts so many executions in each second.
type limited struct {
	next  http.Handler
	limit int // 0 for none

	mu                      sync.Mutex
	second                  int64
	used                    int
	from, to                int64 // the seconds in which those accepted are counted as late
	accepted, late, refused int
}

func (l *limited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/execute") && !l.take(time.Now()) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, `{"message":"too many requests"}`, http.StatusTooManyRequests)
		return
	}
	l.next.ServeHTTP(w, r)
}

func (l *limited) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Unix() != l.second {
		l.second, l.used = now.Unix(), 0
	}
	if l.used++; l.limit > 0 && l.used > l.limit {
		l.refused++
		return false
	}
	l.accepted++
	if l.from <= l.second && l.second < l.to {
		l.late++
	}
	return true
}

// A workload is what processes do at once.
type workload struct {
	processes, workers int
	share              bool          // whether they have a fleet
	limit              int           // of the service, a second
	length             time.Duration // 0 for one call of each worker
	lifetime           time.Duration // of tokens; 0 for that of the service
}

// counted returns in how many seconds those accepted are counted.
func (w workload) counted() int64 { return int64((w.length - 3*time.Second) / time.Second) }

// An outcome is what a workload led to.
type outcome struct {
	Calls, Failed           int
	Errors                  []string
	tokens                  int
	accepted, late, refused int
}

// run runs the workload. meanwhile is called when all processes have begun.
func (w workload) run(t testing.TB, store string, meanwhile func()) outcome {
	t.Helper()
	var opts []agentstest.Option
	if w.lifetime > 0 {
		opts = append(opts, agentstest.WithTokenLifetime(w.lifetime))
	}
	fake := agentstest.New(opts...)
	service := &limited{next: fake, limit: w.limit}
	srv := httptest.NewServer(service)
	defer srv.Close()
	if !w.share {
		store = ""
	}
	var list []*process
	for range w.processes {
		list = append(list, spawn(t, task{Role: "worker", Store: store, Service: srv.URL, Workers: w.workers, For: w.length}))
	}
	for _, p := range list {
		if got := p.line(); got != "ready" {
			t.Fatal(got)
		}
	}
	service.mu.Lock()
	service.from = time.Now().Add(3*time.Second - 1).Unix() // whole seconds, from the third one on
	service.to = service.from + w.counted()
	service.mu.Unlock()
	for _, p := range list {
		p.start()
	}
	if meanwhile != nil {
		meanwhile()
	}
	var sum outcome
	for _, p := range list {
		var own outcome
		if err := json.Unmarshal([]byte(p.line()), &own); err != nil {
			t.Fatal(err)
		}
		sum.Calls += own.Calls
		sum.Failed += own.Failed
		sum.Errors = append(sum.Errors, own.Errors...)
		p.kill()
	}
	service.mu.Lock()
	defer service.mu.Unlock()
	sum.tokens, sum.accepted, sum.late, sum.refused = fake.Count("createToken"), service.accepted, service.late, service.refused
	return sum
}

func init() {
	// A worker process calls with so many workers, and prints an outcome.
	roles["worker"] = func(w task) {
		opts := []client.Option{
			client.WithBaseURL(w.Service), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
			client.WithConnectorID(github), client.WithHTTPClient(&http.Client{Transport: client.NewTransport()}),
		}
		if w.Store != "" {
			v, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{w.Store}, ForceSingleClient: true, ConnWriteTimeout: 2 * time.Second})
			if v == nil {
				fmt.Println(err)
				os.Exit(1)
			}
			f := fleet.New(v)
			opts = append(opts, client.WithTokenStore(f), client.WithGate(f))
		}
		ctx := context.Background()
		conn, err := client.Connect(ctx, "github", opts...)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		ready()
		var out outcome
		var mu sync.Mutex
		var wg sync.WaitGroup
		var stop atomic.Bool
		if w.For > 0 {
			time.AfterFunc(w.For, func() { stop.Store(true) })
		}
		for range w.Workers {
			wg.Go(func() {
				for more := true; more && !stop.Load(); more = w.For > 0 {
					_, err := conn.Execute(ctx, "issues", "list", client.Params{"per_page": 1})
					mu.Lock()
					out.Calls++
					if err != nil {
						if out.Failed++; len(out.Errors) < 3 {
							out.Errors = append(out.Errors, err.Error())
						}
					}
					mu.Unlock()
					if e, ok := errors.AsType[*client.Error](err); ok && e.RetryAfter > 0 {
						time.Sleep(e.RetryAfter) // as a careful program does
					}
				}
			})
		}
		wg.Wait()
		text, err := json.Marshal(out)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(string(text))
	}
}

// github is a connector of the in-memory service. Its ID is the same in every run.
var github = func() string {
	fake := agentstest.New()
	ws, err := client.NewWorkspace(client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithBaseURL("https://fake.test"),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		panic(err)
	}
	conn, err := ws.Connector(context.Background(), "github")
	if err != nil {
		panic(err)
	}
	return conn.ID()
}()

// 8 processes with 125 callers each need one token.
func TestOneTokenForAllProcesses(t *testing.T) {
	var tokens int
	for range 3 { // on a machine with too much to do, the server may answer late
		s := startServer(t)
		w := workload{processes: 8, workers: 125, share: true}
		got := w.run(t, s.addr(), nil)
		if got.Calls != 1000 || got.Failed != 0 {
			t.Errorf("%d of %d calls failed: %v", got.Failed, got.Calls, got.Errors)
		}
		if tokens = got.tokens; tokens == 1 {
			return
		}
	}
	if !raceEnabled || tokens > 2 {
		t.Errorf("%d token requests", tokens)
	}
}

// A vendor's limit refuses few requests, and as many are accepted. BENCHMARKS.md has the
// figures of a machine with little else to do. The race detector takes most of the
// processors' time: with it, how many are accepted says nothing, and more are refused.
func TestLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	s := startServer(t)
	w := workload{processes: 8, workers: 16, limit: 400, length: 12 * time.Second, share: true}
	if raceEnabled {
		w.length = 8 * time.Second
	}
	together := w.run(t, s.addr(), nil)
	if together.Failed > 0 {
		t.Errorf("%d of %d calls failed: %v", together.Failed, together.Calls, together.Errors)
	}
	few, many := 5, 0.85
	if raceEnabled {
		few, many = 2, 0
	}
	w.share = false
	alone := w.run(t, "", nil)
	w.share = true
	for tries := 3; ; tries-- { // the machine may have something else to do
		text := fmt.Sprintf("%d refused, %d without a gate; %d accepted from the third second on, %d without", together.refused, alone.refused, together.late, alone.late)
		if t.Log(text); together.refused <= alone.refused/few && float64(together.late) >= many*float64(alone.late) {
			return
		}
		if tries == 1 {
			t.Fatal(text)
		}
		together = w.run(t, s.addr(), nil)
	}
}

// The server is killed twice, and no call fails ("make soak").
func TestSoak(t *testing.T) {
	length := 6 * time.Second
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	s := startServer(t)
	w := workload{processes: 4, workers: 8, share: true, length: length, lifetime: 2 * time.Second}
	got := w.run(t, s.addr(), func() {
		for range 2 {
			time.Sleep(length / 4)
			s.kill()
			time.Sleep(length / 16)
			s.start()
		}
	})
	if t.Logf("%d calls, %d failed; %d token requests", got.Calls, got.Failed, got.tokens); got.Failed > 0 || got.Calls == 0 {
		t.Error(got.Errors)
	}
}

// TestNumbers prints the figures of BENCHMARKS.md: what processes do with a fleet and
// without, NUMBERS times ("make bench-fleet").
func TestNumbers(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv("NUMBERS"))
	if rounds < 1 {
		t.Skip("NUMBERS is not set")
	}
	s := startServer(t)
	v := connect(t, s.addr(), plain)
	run := func(w workload) outcome {
		t.Helper()
		if err := v.Do(t.Context(), v.B().Flushall().Build()).Error(); err != nil {
			t.Fatal(err)
		}
		got := w.run(t, s.addr(), nil)
		if w.share && got.Failed > 0 {
			t.Errorf("%d calls failed: %v", got.Failed, got.Errors)
		}
		return got
	}
	for range rounds {
		t.Log(load())
		w := workload{processes: 8, workers: 125}
		alone := run(w)
		w.share = true
		t.Logf("8 × 125 first callers: %d token requests, %d without", run(w).tokens, alone.tokens)
	}
	t.Log("| processes × workers | token requests | without | refused | without | ratio | accepted a second | without | ratio |")
	for _, n := range []int{1, 2, 4, 8} {
		for range rounds {
			w := workload{processes: n, workers: 16, limit: 400, length: 33 * time.Second}
			alone := run(w)
			w.share = true
			got := run(w)
			seconds := float64(w.counted())
			t.Logf("| %d × 16 | %d | %d | %d | %d | %.3f | %.1f | %.1f | %.3f | %s", n, got.tokens, alone.tokens,
				got.refused, alone.refused, float64(got.refused)/float64(alone.refused),
				float64(got.late)/seconds, float64(alone.late)/seconds, float64(got.late)/float64(alone.late), load())
		}
	}
	list := fleets(t, s.addr(), caching, 2)
	var spread []time.Duration
	for i := range 200 {
		key := fmt.Sprint("spread ", i)
		released(t, list, key, 1)
		start := time.Now()
		go list[0].Pause(t.Context(), key, time.Minute)
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := list[1].Wait(ctx, key)
			cancel()
			if err != nil {
				break
			}
		}
		spread = append(spread, time.Since(start))
	}
	slices.Sort(spread)
	t.Logf("a pause spreads within %v, the median of 200; %v, the 99th percentile; %v at most; %s", spread[100], spread[198], spread[199], load())
}

// load says how busy the machine is.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "load unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return "load " + one
}

// BenchmarkHotPath compares calls that need neither a token nor a pause: those of a
// client with a store, with a gate, and with neither. They take turns, fifty calls each,
// and what counts is how long the quickest tenth takes, since the machine may be busy.
func BenchmarkHotPath(b *testing.B) {
	s := startServer(b)
	fake := agentstest.New()
	kinds := []struct {
		name string
		opts []client.Option
	}{
		{name: "neither"},
		{"store", []client.Option{client.WithTokenStore(fleets(b, s.addr(), caching, 1)[0])}},
		{"gate of the process", []client.Option{client.WithGate(client.NewGate())}},
		{"gate of the fleet", []client.Option{client.WithGate(fleets(b, s.addr(), caching, 1)[0])}},
	}
	var conns []*client.Connector
	for _, k := range kinds {
		ws, err := client.NewWorkspace(append(k.opts, client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithBaseURL("https://fake.test"),
			client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))...)
		if err != nil {
			b.Fatal(err)
		}
		conns = append(conns, ws.ConnectorByID(github))
	}
	block := func(conn *client.Connector) time.Duration {
		start := time.Now()
		for range 50 {
			if _, err := conn.Execute(b.Context(), "issues", "list", client.Params{"per_page": 1}); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(start)
	}
	times := make([][]time.Duration, len(kinds))
	for b.Loop() {
		for i, conn := range conns {
			times[i] = append(times[i], block(conn))
		}
	}
	for i := range kinds {
		slices.Sort(times[i])
		quick, reference := times[i][len(times[i])/10], times[0][len(times[0])/10]
		b.ReportMetric(float64(quick)/float64(reference), strings.ReplaceAll(kinds[i].name, " ", "-")+"/neither")
	}
	b.ReportMetric(float64(times[0][len(times[0])/10])/50, "ns/call")
}

// BenchmarkWait measures what a call costs for which nothing is paused.
func BenchmarkWait(b *testing.B) {
	s := startServer(b)
	for _, m := range modes {
		f := fleets(b, s.addr(), m, 1)[0]
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Wait(b.Context(), "k"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("one process", func(b *testing.B) {
		g := client.NewGate()
		b.ReportAllocs()
		for b.Loop() {
			if err := g.Wait(b.Context(), "k"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
