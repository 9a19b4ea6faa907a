package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

var modes = []mode{caching, plain, resp2}

// TestModes runs tests with each way to connect to a server, and with a cluster.
func TestModes(t *testing.T) {
	for _, m := range append(modes, mode{name: "cluster"}) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			var addr string
			if m.opt == nil {
				addrs := startCluster(t)
				addr = addrs[0]
				m.opt = func(o *valkey.ClientOption) { o.ForceSingleClient, o.InitAddress = false, addrs }
			} else {
				addr = startServer(t).addr()
			}
			for _, test := range []struct {
				name string
				run  func(t *testing.T, addr string, m mode)
			}{
				{"one fill for all", testOneFillForAll},
				{"fill within fill", testFillWithinFill},
				{"values expire", testValuesExpire},
				{"fill fails", testFillFails},
				{"holder is killed", testHolderIsKilled},
				{"pause spreads", testPauseSpreads},
				{"pace", testPace},
				{"turns are given back", testTurnsAreGivenBack},
			} {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					test.run(t, addr, m)
				})
			}
		})
	}
}

// A source fills: its values are numbered.
type source struct {
	takes time.Duration
	fail  func(n int) error
	keep  time.Duration // an hour if 0
	n     atomic.Int64
}

func (s *source) fill(ctx context.Context) ([]byte, time.Duration, error) {
	n := int(s.n.Add(1))
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if s.fail != nil {
		if err := s.fail(n); err != nil {
			return nil, 0, err
		}
	}
	keep := s.keep
	if keep == 0 {
		keep = time.Hour
	}
	return fmt.Appendf(nil, "value-%d\x00\xff", n), keep, nil
}

func value(n int) string { return fmt.Sprintf("value-%d\x00\xff", n) }

func testOneFillForAll(t *testing.T, addr string, m mode) {
	t.Helper()
	src := &source{takes: 200 * time.Millisecond}
	list := fleets(t, addr, m, 8)
	round := func(stale string, want int) {
		t.Helper()
		var wg sync.WaitGroup
		start := time.Now()
		for _, f := range list {
			for range 10 {
				wg.Go(func() {
					v, err := f.Do(t.Context(), "round", []byte(stale), src.fill)
					if err != nil || string(v) != value(want) {
						t.Errorf("got %q, %v", v, err)
					}
				})
			}
		}
		wg.Wait()
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("it took %v", d)
		}
		if n := src.n.Load(); int(n) != want {
			t.Errorf("%d fills, want %d", n, want)
		}
	}
	round("", 1)
	round("", 1)
	round("another", 1)
	round(value(1), 2)
	round(value(1), 2)
	round(value(2), 3)
}

func testFillWithinFill(t *testing.T, addr string, m mode) {
	t.Helper()
	f := fleets(t, addr, m, 1)[0]
	src := new(source)
	v, err := f.Do(t.Context(), "outer", nil, func(ctx context.Context) ([]byte, time.Duration, error) {
		v, err := f.Do(ctx, "inner", nil, src.fill)
		return append([]byte("outer "), v...), time.Minute, err
	})
	if err != nil || string(v) != "outer "+value(1) {
		t.Errorf("got %q, %v", v, err)
	}
}

func testValuesExpire(t *testing.T, addr string, m mode) {
	t.Helper()
	src := &source{keep: 300 * time.Millisecond}
	for _, f := range fleets(t, addr, m, 2) {
		for range 2 {
			if v, err := f.Do(t.Context(), "expiring", nil, src.fill); err != nil || !strings.HasPrefix(string(v), "value-") {
				t.Errorf("got %q, %v", v, err)
			}
		}
		time.Sleep(400 * time.Millisecond)
	}
	if n := src.n.Load(); n != 2 {
		t.Errorf("%d fills, want 2", n)
	}
	none := &source{keep: -time.Second}
	for i, f := range fleets(t, addr, m, 2) {
		if v, err := f.Do(t.Context(), "not kept", nil, none.fill); err != nil || string(v) != value(i+1) {
			t.Errorf("got %q, %v", v, err)
		}
	}
}

var errDenied = errors.New("denied")

// An error of fill is that of its caller. Those who wait get another one and do not
// fill, and the next one fills at once.
func testFillFails(t *testing.T, addr string, m mode) {
	t.Helper()
	src := &source{takes: 300 * time.Millisecond, fail: func(n int) error {
		if n == 1 {
			return errDenied
		}
		return nil
	}}
	list := fleets(t, addr, m, 4)
	var own, others atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for _, f := range list {
		wg.Go(func() {
			switch v, err := f.Do(t.Context(), "failing", nil, src.fill); {
			case errors.Is(err, errDenied):
				own.Add(1)
			case err != nil:
				others.Add(1)
			default:
				t.Errorf("got %q", v)
			}
		})
	}
	wg.Wait()
	if d := time.Since(start); d > time.Second {
		t.Errorf("it took %v", d)
	}
	if own.Load() != 1 || others.Load() != 3 || src.n.Load() != 1 {
		t.Errorf("%d callers have the error, %d another one, after %d fills", own.Load(), others.Load(), src.n.Load())
	}
	start = time.Now()
	if v, err := list[0].Do(t.Context(), "failing", nil, src.fill); err != nil || string(v) != value(2) {
		t.Errorf("got %q, %v", v, err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("the next fill took %v", d)
	}
}

// A slow holder keeps the lead for longer than a lease.
func TestSlowFill(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	src := &source{takes: 7 * time.Second}
	var wg sync.WaitGroup
	for i, f := range fleets(t, s.addr(), caching, 3) {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * time.Second)
			if v, err := f.Do(t.Context(), "slow", nil, src.fill); err != nil || string(v) != value(1) {
				t.Errorf("got %q, %v", v, err)
			}
		})
	}
	wg.Wait()
	if n := src.n.Load(); n != 1 {
		t.Errorf("%d fills, want 1", n)
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	list := fleets(t, s.addr(), caching, 2)
	began := make(chan struct{})
	go func() {
		_, _ = list[0].Do(t.Context(), "k", nil, func(ctx context.Context) ([]byte, time.Duration, error) {
			close(began)
			<-ctx.Done()
			return nil, 0, ctx.Err()
		})
	}()
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := list[1].Do(ctx, "k", nil, new(source).fill)
	if d := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || d > 400*time.Millisecond {
		t.Errorf("%v after %v", err, d)
	}
}

// A fill that panics gives the lead up.
func TestFillPanics(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	f := fleets(t, s.addr(), caching, 1)[0]
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = f.Do(t.Context(), "k", nil, func(context.Context) ([]byte, time.Duration, error) { panic("bug") })
	}()
	start := time.Now()
	if v, err := f.Do(t.Context(), "k", nil, new(source).fill); err != nil || string(v) != value(1) || time.Since(start) > time.Second {
		t.Errorf("got %q, %v after %v", v, err, time.Since(start))
	}
}

// A process that was away for longer than its lease does not overwrite what another one
// stored meanwhile.
func TestLostLease(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.addr())
	away, here := fleet.New(connect(t, p.addr(), caching)), fleets(t, s.addr(), caching, 1)[0]
	var wg sync.WaitGroup
	wg.Go(func() {
		v, err := away.Do(t.Context(), "k", nil, func(context.Context) ([]byte, time.Duration, error) {
			p.stall()
			time.Sleep(5 * time.Second)
			p.resume()
			time.Sleep(1500 * time.Millisecond) // until the server is asked again
			return []byte("late"), time.Hour, nil
		})
		if err != nil || string(v) != "late" {
			t.Errorf("got %q, %v", v, err)
		}
	})
	time.Sleep(time.Second)
	start := time.Now()
	if v, err := here.Do(t.Context(), "k", nil, new(source).fill); err != nil || string(v) != value(1) {
		t.Errorf("got %q, %v", v, err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("the lead passed on after %v", d)
	}
	wg.Wait()
	if v, err := here.Do(t.Context(), "k", nil, new(source).fill); err != nil || string(v) != value(1) {
		t.Errorf("got %q, %v", v, err)
	}
}

// Without a server, Do fails soon, and is quick for a second after that.
func TestNoServer(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.addr())
	stalled := fleet.New(connect(t, p.addr(), caching))
	if _, err := stalled.Do(t.Context(), "warm", nil, new(source).fill); err != nil {
		t.Fatal(err)
	}
	p.stall()
	closed := connect(t, s.addr(), caching)
	closed.Close()
	neverThere := startProxy(t, s.addr())
	neverThere.stall()
	slowStart := make(chan valkey.Client)
	go func() {
		v, _ := valkey.NewClient(valkey.ClientOption{InitAddress: []string{neverThere.addr()}, ForceSingleClient: true})
		slowStart <- v
	}()
	v := <-slowStart
	t.Cleanup(v.Close)
	for name, f := range map[string]*fleet.Fleet{
		"nil":            fleet.New(nil),
		"closed":         fleet.New(closed),
		"refused":        fleet.New(connect(t, fmt.Sprintf("127.0.0.1:%d", freePort(t)), caching)),
		"stalled":        stalled,
		"stalled always": fleet.New(v),
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 3 {
				start := time.Now()
				_, err := f.Do(t.Context(), "k", nil, func(context.Context) ([]byte, time.Duration, error) {
					t.Error("fill was called")
					return nil, 0, nil
				})
				if d, limit := time.Since(start), 400*time.Millisecond; err == nil || d > limit || i > 0 && d > 50*time.Millisecond {
					t.Errorf("%v after %v", err, d)
				}
				start = time.Now()
				if err := f.Wait(t.Context(), "k"); err != nil || time.Since(start) > 50*time.Millisecond {
					t.Errorf("Wait: %v after %v", err, time.Since(start))
				}
			}
		})
	}
	p.resume()
	start := time.Now()
	for {
		if _, err := stalled.Do(t.Context(), "back", nil, new(source).fill); err == nil {
			break
		}
		if time.Since(start) > 5*time.Second {
			t.Fatal("sharing is not back")
		}
		time.Sleep(50 * time.Millisecond)
	}
}
