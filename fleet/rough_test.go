package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

// do runs a command as an administrator of the server at addr.
func do(t testing.TB, addr string, words ...string) {
	t.Helper()
	v := connect(t, addr, plain)
	if err := v.Do(t.Context(), v.B().Arbitrary(words...).Build()).Error(); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
}

// keysOf returns the names of all keys that match a pattern.
func keysOf(t testing.TB, addr, pattern string) []string {
	t.Helper()
	v := connect(t, addr, plain)
	keys, err := v.Do(t.Context(), v.B().Keys().Pattern(pattern).Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// silent makes a fleet fail a test when it warns, unless the machine has too much to do.
func silent(t testing.TB) fleet.Option {
	return fleet.WithLogger(slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
		if t.Logf("the fleet warns: %s", b); !strings.Contains(string(b), "did not answer in time") {
			t.Fail()
		}
		return len(b), nil
	}), nil)))
}

// A call that has little time gets past a server that stalls, too.
func TestShortDeadlines(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.addr())
	for _, m := range []mode{caching, plain} {
		f := fleet.New(connect(t, p.addr(), m))
		if err := f.Wait(t.Context(), "warm"); err != nil {
			t.Fatal(err)
		}
		p.stall()
		slow := 0
		for i := range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			start := time.Now()
			if err := f.Wait(ctx, fmt.Sprint("k", i)); err != nil {
				t.Errorf("%s: call %d: %v", m.name, i, err)
			}
			if time.Since(start) > 10*time.Millisecond {
				slow++
			}
			cancel()
		}
		if slow > 8 {
			t.Errorf("%s: %d of 20 calls waited for a server that stalls", m.name, slow)
		}
		p.resume()
	}
}

// Whatever other programs have left under the names of our keys is replaced.
func TestForeignValues(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	names := map[string][]string{
		"token": {"airbyte-agents:token:{k}", "airbyte-agents:token:{k}:lease"},
		"pause": {"airbyte-agents:pause:{k}", "airbyte-agents:pause:{k}:lane", "airbyte-agents:pause:{k}:back"},
	}
	for what, left := range map[string][][]string{
		"lists":   {{"RPUSH", "", "1", "2"}},
		"hashes":  {{"HSET", "", "till", "99999999999999999", "x", "y"}},
		"strings": {{"SET", "", "1"}},
		"huge":    {{"SET", "", "1"}, {"SETRANGE", "", "1100000", "x"}},
	} {
		t.Run(what, func(t *testing.T) {
			do(t, s.addr(), "FLUSHALL")
			for _, kind := range names {
				for _, name := range kind {
					for _, words := range left {
						words[1] = name
						do(t, s.addr(), words...)
					}
				}
			}
			list := fleets(t, s.addr(), caching, 3, silent(t))
			src := &source{takes: 100 * time.Millisecond}
			var wg sync.WaitGroup
			for _, f := range list {
				wg.Go(func() {
					stale := ""
					if what == "strings" {
						stale = "1" // as auth does with what it cannot read
					}
					if v, err := f.Do(t.Context(), "k", []byte(stale), src.fill); err != nil || string(v) != value(1) {
						t.Errorf("Do: %q, %v", v, err)
					}
					if err := f.Wait(t.Context(), "k"); err != nil {
						t.Errorf("Wait: %v", err)
					}
				})
			}
			wg.Wait()
			list[0].Pause(t.Context(), "k", time.Minute)
			time.Sleep(50 * time.Millisecond)
			for _, f := range list {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				if err := f.Wait(ctx, "k"); !errors.Is(err, client.ErrRateLimited) {
					t.Errorf("Wait during a pause: %v", err)
				}
				cancel()
			}
			dump(t, s.addr()) // everything expires
		})
	}
}

// A process keeps to a pause that another one asked for, and of which it has heard, even
// if the server is gone.
func TestKnownPauses(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	list := fleets(t, s.addr(), caching, 2)
	waits := func(when string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := list[1].Wait(ctx, "k")
		if e, ok := errors.AsType[client.PausedError](err); !ok || e.RetryAfter < 50*time.Second {
			t.Errorf("%s: %v", when, err)
		}
	}
	list[0].Pause(t.Context(), "k", time.Minute)
	waits("at first")
	s.kill()
	waits("without the server")
	s.start()
	time.Sleep(2 * time.Second)
	waits("with a new server")
}

// Turns of callers who lose patience go to others.
func testTurnsAreGivenBack(t *testing.T, addr string, m mode) {
	t.Helper()
	f, key := fleets(t, addr, m, 1), "impatient "+m.name
	v := connect(t, addr, m)
	counted := func() float64 {
		said, err := v.Do(t.Context(), v.B().Hgetall().Key("airbyte-agents:pause:{"+key+"}:lane").Build()).AsStrMap()
		n, bad := strconv.ParseFloat(said["current"], 64)
		if err := errors.Join(err, bad); err != nil {
			t.Fatal(err)
		}
		return n
	}
	released(t, f, key, 20)
	f[0].Pause(t.Context(), key, 2*time.Second)
	released(t, f, key, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 200 { // some twenty seconds' worth
		wg.Go(func() { _ = f[0].Wait(ctx, key) })
	}
	time.Sleep(300 * time.Millisecond)
	cancel()
	wg.Wait()
	for start := time.Now(); counted() > 50; time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > 3*time.Second {
			if raceEnabled { // or the server did not answer in time
				return
			}
			t.Fatalf("the server counts %v requests as let through", counted())
		}
	}
	times := released(t, f, key, 20)
	if last := times[len(times)-1]; last < 500*time.Millisecond || last > 8*time.Second {
		t.Errorf("the last of 20 was released after %v", last)
	}
}

// While a fill goes on, the lease is renewed also if the server has refused something
// else meanwhile.
func TestLeaseDuringErrors(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	do(t, s.addr(), "ACL", "SETUSER", "agents", "on", ">password", "~airbyte-agents:token:*", "+@all")
	user := mode{"user", func(o *valkey.ClientOption) { o.Username, o.Password = "agents", "password" }}
	var list []*fleet.Fleet
	for range 2 {
		list = append(list, fleet.New(connect(t, s.addr(), user)))
	}
	src := &source{takes: 5 * time.Second}
	var ended atomic.Bool
	var wg sync.WaitGroup
	for i, f := range list {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			_, _ = f.Do(t.Context(), "k", nil, src.fill)
			ended.Store(true)
		})
	}
	wg.Go(func() {
		time.Sleep(500 * time.Millisecond)
		for !ended.Load() {
			if err := list[0].Wait(t.Context(), "forbidden"); err != nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	wg.Wait()
	if n := src.n.Load(); n != 1 {
		t.Errorf("%d fills, want 1", n)
	}
	if keys := keysOf(t, s.addr(), "*:lease"); len(keys) > 0 {
		t.Errorf("left on the server: %v", keys)
	}
}

// A caller who has gone when it is given the lead holds up nobody.
func TestLeadForNobody(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.addr())
	gone, here := fleet.New(connect(t, p.addr(), caching)), fleets(t, s.addr(), caching, 1)[0]
	if _, err := gone.Do(t.Context(), "warm", nil, new(source).fill); err != nil {
		t.Fatal(err)
	}
	p.stall()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := gone.Do(ctx, "k", nil, new(source).fill); err == nil {
		t.Error("Do returned no error")
	}
	p.resume()
	time.Sleep(200 * time.Millisecond)
	start := time.Now()
	if v, err := here.Do(t.Context(), "k", nil, new(source).fill); err != nil || string(v) != value(1) || time.Since(start) > time.Second {
		t.Errorf("got %q, %v after %v", v, err, time.Since(start))
	}
}

// A pause is not prolonged by a clock that is set back, or by that of another server.
func TestClockIsSetBack(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	f := fleets(t, s.addr(), caching, 1, silent(t))[0]
	released(t, []*fleet.Fleet{f}, "k", 10)
	start := time.Now()
	f.Pause(t.Context(), "k", 2*time.Second)
	for _, field := range []string{"began", "till", "queued"} {
		do(t, s.addr(), "HINCRBY", "airbyte-agents:pause:{k}:lane", field, "1800000000")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := f.Wait(ctx, "k")
	if d := time.Since(start); err != nil || d < 1900*time.Millisecond || d > 8*time.Second {
		t.Errorf("%v after %v", err, d)
	}
}

// A server that has no memory left, or may not be written to, fails no call, and the
// reason is in the log.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	full := startServer(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	replica := startServer(t, "--replicaof", "127.0.0.1", fmt.Sprint(startServer(t).port))
	for reason, s := range map[string]*server{"OOM": full, "READONLY": replica} {
		t.Run(reason, func(t *testing.T) {
			var log strings.Builder
			f := fleets(t, s.addr(), caching, 1, fleet.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))[0]
			for range 3 {
				start := time.Now()
				_, err := f.Do(t.Context(), "k", nil, func(context.Context) ([]byte, time.Duration, error) {
					t.Error("fill was called")
					return nil, 0, nil
				})
				if err == nil || time.Since(start) > 400*time.Millisecond {
					t.Errorf("Do: %v after %v", err, time.Since(start))
				}
				if err := f.Wait(t.Context(), "free"); err != nil {
					t.Errorf("Wait: %v", err)
				}
			}
			f.Pause(t.Context(), "k", time.Minute)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := f.Wait(ctx, "k"); !errors.Is(err, client.ErrRateLimited) {
				t.Errorf("Wait: %v", err)
			}
			if !strings.Contains(log.String(), reason) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("logged %q", log.String())
			}
		})
	}
}

// Scripts are sent again to a server that has forgotten them.
func TestScriptsAreForgotten(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	f := fleets(t, s.addr(), caching, 1, silent(t))[0]
	src := new(source)
	for i := range 3 {
		if _, err := f.Do(t.Context(), fmt.Sprint(i), nil, src.fill); err != nil {
			t.Error(err)
		}
		f.Pause(t.Context(), "k", 100*time.Millisecond)
		if err := f.Wait(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		do(t, s.addr(), "SCRIPT", "FLUSH")
	}
}

// A connection that ends, as those do that a proxy or a server finds idle, is replaced at
// once: nothing is lost that was about to be sent.
func TestConnectionsEnd(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	list := fleets(t, s.addr(), caching, 2, silent(t))
	for i := range 20 {
		key := fmt.Sprint("k", i)
		for _, f := range list {
			if err := f.Wait(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
		do(t, s.addr(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		do(t, s.addr(), "CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes")
		list[0].Pause(t.Context(), key, time.Minute)
		time.Sleep(50 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := list[1].Wait(ctx, key); !errors.Is(err, client.ErrRateLimited) {
			t.Errorf("round %d: %v", i, err)
		}
		cancel()
		if _, err := list[i%2].Do(t.Context(), key, nil, new(source).fill); err != nil {
			t.Error(err)
		}
	}
}
