package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
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
	start                   time.Time // of the load
	accepted, late, refused int       // late ones are accepted from the third second on
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
	if now.Sub(l.start) > 2*time.Second {
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
	service.start = time.Now()
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
	if !raceEnabled {
		t.Errorf("%d token requests", tokens)
	}
}

// A vendor's limit refuses few requests, and as many are accepted. BENCHMARKS.md has the
// figures of a machine with little else to do.
func TestLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	s := startServer(t)
	w := workload{processes: 8, workers: 16, limit: 400, length: 10 * time.Second}
	alone := w.run(t, "", nil)
	w.share = true
	var text string
	for range 3 { // the machine may have something else to do
		together := w.run(t, s.addr(), nil)
		text = fmt.Sprintf("%d refused, %d without a gate; %d accepted from the third second on, %d without; %d of %d calls failed, %d of %d without: %v",
			together.refused, alone.refused, together.late, alone.late, together.Failed, together.Calls, alone.Failed, alone.Calls, together.Errors)
		t.Log(text)
		if raceEnabled || together.refused <= alone.refused/5 && float64(together.late) >= 0.85*float64(alone.late) {
			return
		}
	}
	t.Error(text)
}

// The server is killed twice, and no call fails.
func TestSoak(t *testing.T) {
	length := 8 * time.Second
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
// without ("make bench-fleet").
func TestNumbers(t *testing.T) {
	if os.Getenv("NUMBERS") == "" {
		t.Skip("NUMBERS is not set")
	}
	s := startServer(t)
	v := connect(t, s.addr(), plain)
	t.Logf("| processes × workers | token requests | without | refused requests | without | accepted a second, from the third on | without |")
	for _, n := range []int{1, 2, 4, 8} {
		w := workload{processes: n, workers: 16, limit: 400, length: 12 * time.Second}
		alone := w.run(t, "", nil)
		if err := v.Do(t.Context(), v.B().Flushall().Build()).Error(); err != nil {
			t.Fatal(err)
		}
		w.share = true
		together := w.run(t, s.addr(), nil)
		t.Logf("| %d × 16 | %d | %d | %d | %d | %d | %d |", n, together.tokens, alone.tokens, together.refused, alone.refused, together.late/10, alone.late/10)
		if together.Failed > 0 {
			t.Errorf("%d calls failed: %v", together.Failed, together.Errors)
		}
	}
	list := fleets(t, s.addr(), caching, 2)
	var worst time.Duration
	for i := range 100 {
		key := fmt.Sprint("spread ", i)
		released(t, list, key, 1)
		list[0].Pause(t.Context(), key, time.Minute)
		start := time.Now()
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := list[1].Wait(ctx, key)
			cancel()
			if err != nil {
				break
			}
		}
		worst = max(worst, time.Since(start))
	}
	t.Logf("a pause spreads to another process within %v, the worst of 100", worst)
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
