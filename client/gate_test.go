package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// released calls Wait n times at once and returns when each call returned nil, in
// order.
func released(t *testing.T, g client.Gate, key string, n int) []time.Duration {
	t.Helper()
	start := time.Now()
	var mu sync.Mutex
	var times []time.Duration
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := g.Wait(t.Context(), key); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(start))
		})
	}
	wg.Wait()
	slices.Sort(times)
	return times
}

func TestGateWithoutPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := client.NewGate()
		g.Pause(t.Context(), "a", time.Minute)
		g.Pause(t.Context(), "b", 0)
		g.Pause(t.Context(), "b", -time.Second)
		for range 10 {
			if times := released(t, g, "b", 1000); times[999] != 0 {
				t.Fatalf("a request for another key waited for %v", times[999])
			}
			time.Sleep(time.Second)
		}
	})
}

// Those that wait are released at random within as long as the pause was, and within
// five seconds at most.
func TestGateReleases(t *testing.T) {
	for pause, spread := range map[time.Duration]time.Duration{
		100 * time.Millisecond: 100 * time.Millisecond,
		2 * time.Second:        2 * time.Second,
		time.Minute:            5 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			g := client.NewGate()
			g.Pause(t.Context(), "k", pause)
			times := released(t, g, "k", 200)
			if first, last := times[0], times[199]; first < pause || last > pause+spread+time.Nanosecond {
				t.Errorf("released from %v to %v after a pause of %v", first, last, pause)
			}
			for i, at := range []int{20, 100, 180} { // a tenth, a half and nine tenths of them
				want := pause + []time.Duration{spread / 10, spread / 2, spread * 9 / 10}[i]
				if off := (times[at] - want).Abs(); off > spread/5 {
					t.Errorf("number %d was released after %v, want about %v", at, times[at], want)
				}
			}
		})
	}
}

// A pause is never shortened, and one that is extended holds also those that wait
// already.
func TestGatePauses(t *testing.T) {
	type pause struct{ at, d time.Duration }
	for name, tt := range map[string]struct {
		pauses []pause
		want   time.Duration
	}{
		"one":      {[]pause{{0, 2 * time.Second}}, 2 * time.Second},
		"shorter":  {[]pause{{0, 10 * time.Second}, {time.Second, time.Second}}, 10 * time.Second},
		"longer":   {[]pause{{0, 2 * time.Second}, {time.Second, 9 * time.Second}}, 10 * time.Second},
		"new one":  {[]pause{{0, time.Second}, {time.Second, 9 * time.Second}}, 10 * time.Second},
		"too long": {[]pause{{0, 24 * time.Hour}}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := client.NewGate()
				for _, p := range tt.pauses {
					time.AfterFunc(p.at, func() { g.Pause(t.Context(), "k", p.d) })
				}
				time.Sleep(time.Nanosecond)
				times := released(t, g, "k", 50)
				if first, last := times[0]+1, times[49]; first < tt.want || last > tt.want+5*time.Second {
					t.Errorf("released from %v to %v, want from %v", first, last, tt.want)
				}
			})
		})
	}
}

func TestGateTurnsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := client.NewGate()
		g.Pause(t.Context(), "k", 10*time.Second)
		time.Sleep(time.Second)

		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		start := time.Now()
		err := g.Wait(ctx, "k")
		if e, ok := errors.AsType[client.PausedError](err); !ok || e.RetryAfter != 9*time.Second || !errors.Is(err, client.ErrRateLimited) || errors.Is(err, client.ErrServer) {
			t.Errorf("error %v", err)
		}
		wantText(t, err, "asked to wait, for another 9s")
		if d := time.Since(start); d != 0 {
			t.Errorf("the error took %v", d)
		}

		ctx, cancel = context.WithTimeout(t.Context(), 9*time.Second+1)
		defer cancel()
		if err := g.Wait(ctx, "k"); err != nil {
			t.Errorf("a pause that just fits: %v", err)
		}

		g.Pause(t.Context(), "k", time.Second)
		ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		time.AfterFunc(time.Second/2, func() { g.Pause(ctx, "k", time.Minute) })
		err = g.Wait(ctx, "k")
		if e, ok := errors.AsType[client.PausedError](err); !ok || e.RetryAfter < 57*time.Second {
			t.Errorf("a pause that became too long: %v", err)
		}

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := g.Wait(ctx, "k"); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the ctx: %v", err)
		}
		if err := g.Wait(ctx, "free"); !errors.Is(err, context.Canceled) {
			t.Errorf("a ctx that has ended before: %v", err)
		}
	})
}

// After a pause, requests are let through as fast as before, while there are more.
func TestGatePaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := client.NewGate()
		released(t, g, "k", 50)
		g.Pause(t.Context(), "k", time.Second)
		times := released(t, g, "k", 200) // one of the 50 was refused
		for n := 0; n+50 < len(times); n++ {
			if d := times[n+50] - times[n]; d < 950*time.Millisecond {
				t.Fatalf("numbers %d to %d were released within %v", n, n+50, d)
			}
		}
		if last := times[199]; last > 6*time.Second {
			t.Errorf("the last was released after %v", last)
		}
		time.Sleep(31 * time.Second) // a second and a while after the last had to wait
		if times := released(t, g, "k", 200); times[199] != 0 {
			t.Errorf("the pause is not forgotten: the last waited for %v", times[199])
		}
	})
}

// Also those of whom there were few before, or whose vendor accepts few, are released
// soon after a pause.
func TestGateReleasesTheFirst(t *testing.T) {
	for name, tt := range map[string]struct {
		before, waiting int
		pause           time.Duration
	}{
		"few before": {12, 40, 2 * time.Second},
		"long pause": {100, 99, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := client.NewGate()
				released(t, g, "k", tt.before)
				g.Pause(t.Context(), "k", tt.pause)
				times := released(t, g, "k", tt.waiting)
				if last := times[len(times)-1]; last > tt.pause+5*time.Second {
					t.Errorf("the last was released %v after the pause", last-tt.pause)
				}
			})
		})
	}
}

// A limit is that of a vendor: take returns how long the request is asked to wait, or 0.
type limit interface {
	take(now time.Time) time.Duration
}

// A window accepts n requests in each of its lengths.
type window struct {
	n      int
	length time.Duration
	rest   bool // asks to wait for the rest of the window, rather than for its length
	number int64
	used   int
}

func (w *window) take(now time.Time) time.Duration {
	if n := now.UnixNano() / int64(w.length); n != w.number {
		w.number, w.used = n, 0
	}
	if w.used++; w.used <= w.n {
		return 0
	}
	if w.rest {
		left := time.Duration((w.number+1)*int64(w.length) - now.UnixNano())
		return (left + time.Second - 1).Truncate(time.Second)
	}
	return w.length
}

// A bucket accepts rate requests a second, and up to size at once if there were fewer
// before.
type bucket struct {
	rate, size, have float64
	last             time.Time
}

func (b *bucket) take(now time.Time) time.Duration {
	if b.last.IsZero() {
		b.have, b.last = b.size, now
	}
	b.have = min(b.size, b.have+now.Sub(b.last).Seconds()*b.rate)
	b.last = now
	if b.have < 1 {
		return time.Second
	}
	b.have--
	return 0
}

// press sends requests with as many workers for a while, and returns how many were
// refused, and how many were accepted in the second half. Without a gate, each worker
// waits by itself.
func press(t *testing.T, g client.Gate, v limit, workers int, latency, whole time.Duration) (refused, accepted int) {
	t.Helper()
	var mu sync.Mutex
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), whole)
	defer cancel()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				if g != nil {
					patience, cancel := context.WithTimeout(ctx, time.Minute)
					err := g.Wait(patience, "k")
					cancel()
					if err != nil {
						time.Sleep(time.Second)
					}
					if err != nil && ctx.Err() == nil {
						continue
					}
				}
				if ctx.Err() != nil {
					return
				}
				time.Sleep(rand.N(latency))
				mu.Lock()
				asked := v.take(time.Now())
				switch {
				case asked > 0:
					refused++
				case time.Since(start) > whole/2:
					accepted++
				}
				mu.Unlock()
				time.Sleep(rand.N(latency))
				switch {
				case asked > 0 && g != nil:
					g.Pause(ctx, "k", asked)
				case asked > 0:
					time.Sleep(asked)
				}
			}
		})
	}
	wg.Wait()
	return refused, accepted
}

// With a gate, few requests are refused, and as many are accepted.
func TestGateKeepsToLimits(t *testing.T) {
	for _, tt := range []struct {
		name           string
		limit          func() limit
		workers        int
		latency, whole time.Duration
		refused        float64 // of those without a gate, at most
		accepted       float64 // of those without a gate, at least
	}{
		{"400 a second", func() limit { return &window{n: 400, length: time.Second} }, 128, 20 * time.Millisecond, 20 * time.Second, 0.1, 0.95},
		{"50 a second", func() limit { return &window{n: 50, length: time.Second} }, 16, 20 * time.Millisecond, 20 * time.Second, 0.1, 0.95},
		{"400 a second, as a bucket", func() limit { return &bucket{rate: 400, size: 400} }, 128, 20 * time.Millisecond, 20 * time.Second, 0.1, 0.9},
		{"a small bucket", func() limit { return &bucket{rate: 400, size: 40} }, 128, 20 * time.Millisecond, time.Minute, 0.1, 0.9},
		{"100 a minute", func() limit { return &window{n: 100, length: time.Minute, rest: true} }, 32, 200 * time.Millisecond, 20 * time.Minute, 0.2, 0.9},
		{"5 in ten seconds", func() limit { return &window{n: 5, length: 10 * time.Second, rest: true} }, 32, 200 * time.Millisecond, 20 * time.Minute, 0.2, 0.9},
		{"20 a second", func() limit { return &window{n: 20, length: time.Second} }, 128, 20 * time.Millisecond, time.Minute, 0.1, 0.85},
		{"20 in a minute, paused at first", func() limit { return &window{n: 20, length: time.Minute, rest: true, number: 946684800 / 60, used: 20} }, 32, 200 * time.Millisecond, 20 * time.Minute, 0.2, 0.7},
		{"nothing", func() limit { return &window{length: 10 * time.Second} }, 128, 200 * time.Millisecond, 20 * time.Minute, 0.1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refused, accepted := press(t, nil, tt.limit(), tt.workers, tt.latency, tt.whole)
				// Begin at a whole second, as without a gate. A gate that begins in the last twentieth of
				// a window of a second knows too little of it, and keeps to four fifths of the limit until
				// its rate grows, after a minute.
				time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
				r, a := press(t, client.NewGate(), tt.limit(), tt.workers, tt.latency, tt.whole)
				text := fmt.Sprintf("%d requests refused, %d without a gate; %d accepted, %d without", r, refused, a, accepted)
				if t.Log(text); float64(r) > tt.refused*float64(refused) || float64(a) < tt.accepted*float64(accepted) {
					t.Error(text)
				}
			})
		})
	}
}

// A gate does not keep every key that it was ever asked for.
func TestGateForgetsKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := client.NewGate()
		g.Pause(t.Context(), "paused", time.Minute)
		for n := range 20_000 {
			if err := g.Wait(t.Context(), fmt.Sprint(n)); err != nil {
				t.Fatal(err)
			}
		}
		if n := client.Lanes(g); n > 5000 {
			t.Errorf("the gate has %d keys", n)
		}
		if times := released(t, g, "paused", 1); times[0] < time.Minute {
			t.Error("the gate has forgotten a pause")
		}
	})
}

// Also if it may forget none of them, a new key costs little.
func TestGateWithManyPausedKeys(t *testing.T) {
	start := time.Now()
	synctest.Test(t, func(t *testing.T) {
		g := client.NewGate()
		const many = 100_000
		for n := range many {
			g.Pause(t.Context(), fmt.Sprint(n), time.Minute)
		}
		if n := client.Lanes(g); n != many {
			t.Errorf("the gate has %d keys, want %d", n, many)
		}
		time.Sleep(3 * time.Hour)
		for n := range 2 * many {
			if err := g.Wait(t.Context(), fmt.Sprint("other ", n)); err != nil {
				t.Fatal(err)
			}
		}
		if n := client.Lanes(g); n > 5000 {
			t.Errorf("the gate still has %d keys", n)
		}
	})
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}

// A spyGate records how it is used.
type spyGate struct {
	wait   func(context.Context) error // nil for none
	waits  []string
	pauses []pausing
}

type pausing struct {
	key string
	d   time.Duration
}

func (g *spyGate) Wait(ctx context.Context, key string) error {
	g.waits = append(g.waits, key)
	if g.wait == nil {
		return nil
	}
	return g.wait(ctx)
}

func (g *spyGate) Pause(_ context.Context, key string, d time.Duration) {
	g.pauses = append(g.pauses, pausing{key, d})
}

// The key stands for an action of an entity of a connector of a service, and executions
// alone have one.
func TestGateKeys(t *testing.T) {
	keysOf := func(do func(context.Context, *client.Client), opts ...client.Option) []string {
		g := new(spyGate)
		c := newClient(t, serve(t, ok("[]")), append(opts, client.WithGate(g))...)
		do(t.Context(), c)
		for _, key := range g.waits {
			if len(key) < 16 || strings.ContainsAny(key, "./{}: ") || strings.Contains(key, "issues") {
				t.Errorf("the key is %q", key)
			}
		}
		return g.waits
	}
	execute := func(id, entity, action string) func(context.Context, *client.Client) {
		return func(ctx context.Context, c *client.Client) {
			_, _ = c.DefaultWorkspace().ConnectorByID(id).Execute(ctx, entity, action, nil)
		}
	}
	one := keysOf(execute(stubID, "issues", "list"))[0]
	for name, same := range map[string][]string{
		"another client": keysOf(execute(stubID, "issues", "list")),
		"params": keysOf(func(ctx context.Context, c *client.Client) {
			_, _, _ = client.Execute[[]any](ctx, connectorOf(c), "issues", "list", client.Params{"page": 2}, client.WithIntent("more"))
		}),
		"another organization": keysOf(execute(stubID, "issues", "list"), client.WithOrganizationID(stubOrg)),
		"the raw client": keysOf(func(ctx context.Context, c *client.Client) {
			_, _ = c.API().ExecuteConnectorWithResponse(ctx, stubID, nil, gen.ExecuteRequest{Entity: "issues", Action: "list"})
		}),
	} {
		if len(same) != 1 || same[0] != one {
			t.Errorf("%s: keys %q, want %q", name, same, one)
		}
	}
	keys := []string{one}
	for name, other := range map[string][]string{
		"connector": keysOf(execute(stubOrg, "issues", "list")),
		"entity":    keysOf(execute(stubID, "pulls", "list")),
		"action":    keysOf(execute(stubID, "issues", "get")),
		"base URL":  keysOf(execute(stubID, "issues", "list"), client.WithBaseURL("https://other.test")),
		"download": keysOf(func(ctx context.Context, c *client.Client) {
			_, _ = connectorOf(c).Download(ctx, "issues", nil)
		}),
	} {
		if len(other) != 1 || slices.Contains(keys, other[0]) {
			t.Errorf("another %s: keys %q", name, other)
		}
		keys = append(keys, other...)
	}
	if none := keysOf(func(ctx context.Context, c *client.Client) {
		_, _ = c.DefaultWorkspace().ListConnectors(ctx)
		_, _ = connectorOf(c).Inspect(ctx)
		_, _ = connectorOf(c).Prepare(ctx, "issues", "list", nil)
		rawCalls(c, ctx, stubID, func(string, error) {})
	}); len(none) != 0 {
		t.Errorf("%d calls are not executions and have keys", len(none))
	}
}

// A response with status 429 or 503 that says how long to wait pauses, whatever the call
// does then.
func TestGateIsTold(t *testing.T) {
	for name, tt := range map[string]struct {
		replies []reply
		call    func(context.Context, *client.Client) error
		opts    []client.Option
		want    []time.Duration
	}{
		"429":                        {[]reply{says(429, "", "Retry-After", "7"), ok("[]")}, read, nil, []time.Duration{7 * time.Second}},
		"503":                        {[]reply{says(503, "", "Retry-After", "7"), ok("[]")}, read, nil, []time.Duration{7 * time.Second}},
		"each time":                  {[]reply{says(429, "", "Retry-After", "1"), says(429, "", "Retry-After", "2"), ok("[]")}, read, nil, []time.Duration{time.Second, 2 * time.Second}},
		"without retries":            {[]reply{says(429, "", "Retry-After", "7")}, read, []client.Option{client.WithMaxRetries(0)}, []time.Duration{7 * time.Second}},
		"longer than the call waits": {[]reply{says(429, "", "Retry-After", "300")}, read, nil, []time.Duration{300 * time.Second}},
		"longer than an hour":        {[]reply{says(429, "", "Retry-After", "36000")}, read, nil, []time.Duration{time.Hour}},
		"a write, 429":               {[]reply{says(429, "", "Retry-After", "7"), ok("[]")}, write, nil, []time.Duration{7 * time.Second}},
		"a write, 503":               {[]reply{says(503, "", "Retry-After", "7")}, write, nil, []time.Duration{7 * time.Second}},
		"without Retry-After":        {[]reply{says(429, ""), ok("[]")}, read, nil, nil},
		"0":                          {[]reply{says(429, "", "Retry-After", "0"), ok("[]")}, read, nil, nil},
		"another status":             {[]reply{says(502, "", "Retry-After", "7"), ok("[]")}, read, nil, nil},
		"success":                    {[]reply{says(200, `{"status":"success","result":[]}`, "Retry-After", "7")}, read, nil, nil},
		"no execution": {[]reply{says(429, "", "Retry-After", "7"), says(200, `{"data":[]}`)}, func(ctx context.Context, c *client.Client) error {
			_, err := c.DefaultWorkspace().ListConnectors(ctx)
			return err
		}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := new(spyGate)
				c := newClient(t, serve(t, tt.replies...), append(tt.opts, client.WithGate(g))...)
				_ = tt.call(t.Context(), c)
				var got []time.Duration
				for _, p := range g.pauses {
					if got = append(got, p.d); p.key != g.waits[0] {
						t.Errorf("paused %q, waited for %q", p.key, g.waits[0])
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("paused for %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// The gate waits in place of the retrier, before each attempt; what it says decides.
func TestGateDecides(t *testing.T) {
	held := func(d time.Duration, err error) func(context.Context) error {
		return func(context.Context) error { time.Sleep(d); return err }
	}
	busy := says(429, "", "Retry-After", "7")
	for name, tt := range map[string]struct {
		wait    func(context.Context) error
		replies []reply
		opts    []client.Option
		sent    int
		took    time.Duration
		kind    string
		after   time.Duration
	}{
		"lets pass":                    {nil, []reply{busy, ok("[]")}, nil, 2, 0, "", 0},
		"holds back":                   {held(5*time.Second, nil), []reply{busy, ok("[]")}, nil, 2, 10 * time.Second, "", 0},
		"is not part of an attempt":    {held(5*time.Second, nil), []reply{ok("[]")}, []client.Option{client.WithAttemptTimeout(time.Second)}, 1, 5 * time.Second, "", 0},
		"is part of a call":            {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, []reply{ok("[]")}, []client.Option{client.WithTimeout(3 * time.Second)}, 0, 3 * time.Second, "", 0},
		"turns away":                   {held(0, client.PausedError{RetryAfter: 99 * time.Second}), []reply{ok("[]")}, nil, 0, 0, "ErrRateLimited", 99 * time.Second},
		"turns away, as a pointer":     {held(0, fmt.Errorf("no: %w", &client.PausedError{RetryAfter: 99 * time.Second})), []reply{ok("[]")}, nil, 0, 0, "ErrRateLimited", 99 * time.Second},
		"is out of order":              {held(0, errors.New("down")), []reply{ok("[]")}, nil, 1, 0, "", 0},
		"is out of order, and a pause": {held(time.Second, errors.New("down")), []reply{busy, ok("[]")}, nil, 2, 8 * time.Second, "", 0},
		"is slower than a minute":      {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, []reply{ok("[]")}, nil, 1, time.Minute, "", 0},
		"is slow after a pause":        {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, []reply{busy, ok("[]")}, nil, 2, time.Minute + 65*time.Second, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, tt.replies...)
				c := newClient(t, s, append(tt.opts, client.WithGate(&spyGate{wait: tt.wait}))...)
				start := time.Now()
				err := read(t.Context(), c)
				if d := time.Since(start); d != tt.took {
					t.Errorf("took %v, want %v", d, tt.took)
				}
				s.wantSent(t, tt.sent)
				wantKinds(t, err, tt.kind)
				if tt.after > 0 {
					e := asError(t, err)
					if e.RetryAfter != tt.after || !e.Retryable || e.OutcomeUnknown || e.Attempts != 0 || e.StatusCode != 0 || client.HTTPStatus(err) != 429 {
						t.Errorf("the error is %+v", e)
					}
					if _, ok := errors.AsType[client.PausedError](err); !ok && name == "turns away" {
						t.Errorf("no PausedError in %v", err)
					}
					wantText(t, err, "execute issues.list: ", "asked to wait, for another 1m39s")
				} else if name == "is part of a call" {
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("error %v", err)
					}
					wantText(t, err, "while the gate held it back")
				} else if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Waiting at the gate is no retry, and neither logs nor observers take it for one.
func TestGateIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var attempts []client.Attempt
		s := serve(t, says(429, "", "Retry-After", "7"), ok("[]"))
		c := newClient(t, s, client.WithGate(client.NewGate()), client.WithMaxRetries(1), client.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			client.WithAttemptObserver(func(_ context.Context, a client.Attempt) { attempts = append(attempts, a) }))
		if err := read(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if len(attempts) != 2 {
			t.Fatalf("attempts %+v", attempts)
		}
		first, second := attempts[0], attempts[1]
		if first.Held != 0 || !first.Retry || first.Pause != 7*time.Second || first.Number != 1 {
			t.Errorf("the first attempt is %+v", first)
		}
		if second.Held < 7*time.Second || second.Held > 12*time.Second || second.Retry || second.Number != 2 || second.Duration != 0 {
			t.Errorf("the second attempt is %+v", second)
		}
		if n := strings.Count(log.String(), "held="); n != 1 || strings.Count(log.String(), `msg="airbyte retry"`) != 1 {
			t.Errorf("the log has held %d times:\n%s", n, log.String())
		}

		// One that is turned away sends nothing, so there is no attempt.
		s.replies = []reply{says(429, "", "Retry-After", "99")}
		for range 2 {
			err := read(t.Context(), c)
			wantKinds(t, err, "ErrRateLimited")
		}
		if len(attempts) != 3 {
			t.Errorf("%d attempts, want 3", len(attempts))
		}
	})
}

// A gate spares a thousand calls what one has found out.
func TestGateForManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := time.Now().Add(10 * time.Second)
		s := serve(t)
		s.route = func(r sent) reply {
			if r.At.Before(free) {
				return says(429, "", "Retry-After", "10")
			}
			return ok("[]")
		}
		g := client.NewGate()
		first := newClient(t, s, client.WithGate(g))
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := read(t.Context(), first); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second)
		for range 100 {
			c := newClient(t, s, client.WithGate(g), client.WithMaxRetries(0))
			for range 10 {
				wg.Go(func() {
					if err := read(t.Context(), c); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		s.wantSent(t, 1002)
	})
}

func TestWithGateProblem(t *testing.T) {
	_, err := client.New(client.WithCredentials("id", "secret"), client.WithGate(nil))
	wantKinds(t, err, "ErrInvalid")
	wantText(t, err, "WithGate: the gate is nil")
}

// Callers who lose patience do not keep the turns that they were given: as many requests
// are accepted as without them.
func TestGateWithImpatientCallers(t *testing.T) {
	for name, tt := range map[string]struct {
		arrive, patience time.Duration
	}{
		"twice as many as are accepted": {50 * time.Millisecond, 5 * time.Second},
		"ten times as many":             {10 * time.Millisecond, 5 * time.Second},
		"very impatient":                {10 * time.Millisecond, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const whole = 5 * time.Minute
				g, v := client.NewGate(), &window{n: 10, length: time.Second}
				var mu sync.Mutex
				var accepted, refused int
				var wg sync.WaitGroup
				start := time.Now()
				for time.Since(start) < whole {
					wg.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						defer cancel()
						time.AfterFunc(tt.patience, cancel) // nobody knows of that before
						if err := g.Wait(ctx, "k"); err != nil {
							return
						}
						mu.Lock()
						defer mu.Unlock()
						if asked := v.take(time.Now()); asked > 0 {
							refused++
							g.Pause(ctx, "k", asked)
						} else if time.Since(start) > whole/2 {
							accepted++
						}
					})
					time.Sleep(tt.arrive)
				}
				wg.Wait()
				text := fmt.Sprintf("%d accepted of %d, %d refused", accepted, 10*int(whole.Seconds())/2, refused)
				if t.Log(text); accepted < 1350 || refused > 50 {
					t.Error(text)
				}
			})
		})
	}
}
