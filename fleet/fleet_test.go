package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

// workspaceOf returns a workspace of a service, for a process that has f.
func workspaceOf(t testing.TB, fake *agentstest.Service, f *fleet.Fleet, opts ...client.Option) *client.Workspace {
	t.Helper()
	own := &http.Client{Transport: &struct{ http.RoundTripper }{fake.Transport()}} // as another process has
	ws, err := client.NewWorkspace(append([]client.Option{
		client.WithHTTPClient(own), client.WithBaseURL("https://fake.test"), client.WithTokenStore(f), client.WithGate(f),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// A sniffer notes the tokens that are sent.
type sniffer struct {
	next http.RoundTripper

	mu     sync.Mutex
	tokens map[string]bool
}

func (s *sniffer) RoundTrip(r *http.Request) (*http.Response, error) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		s.mu.Lock()
		s.tokens[token] = true
		s.mu.Unlock()
	}
	return s.next.RoundTrip(r)
}

func call(ctx context.Context, ws *client.Workspace) error {
	_, err := ws.ConnectorByID(github).Execute(ctx, "issues", "list", nil)
	return err
}

// Eight processes need one token at first, and one when it is refused; so it is with
// tokens for a workspace. Nothing of that can be read on the server.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	fake := agentstest.New()
	var list, scoped []*client.Workspace
	seen := &sniffer{next: fake.Transport(), tokens: map[string]bool{}}
	for _, f := range fleets(t, s.addr(), caching, 8) {
		own := client.WithHTTPClient(&http.Client{Transport: &struct{ http.RoundTripper }{seen}})
		list = append(list, workspaceOf(t, fake, f, own))
		scoped = append(scoped, workspaceOf(t, fake, f, own, client.WithScopedToken()))
	}
	all := func(list []*client.Workspace) {
		t.Helper()
		var wg sync.WaitGroup
		for _, ws := range list {
			wg.Go(func() {
				if err := call(t.Context(), ws); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	want := func(operation string, n int) {
		t.Helper()
		if got := fake.Count(operation); got != n {
			t.Errorf("%d × %s, want %d", got, operation, n)
		}
	}
	all(list)
	want("createToken", 1)
	fake.RevokeTokens()
	all(list)
	want("createToken", 2)
	all(scoped)
	want("createToken", 2)
	want("createScopedToken", 1)

	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusTooManyRequests})
	all(list[:1]) // is paused
	text := dump(t, s.addr())
	for _, what := range []string{agentstest.ClientID, agentstest.ClientSecret, agentstest.OrganizationID, agentstest.WorkspaceName, github, "fake.test", "issues", "list", "Bearer"} {
		if strings.Contains(text, what) {
			t.Errorf("the server shows %q:\n%q", what, text)
		}
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if len(seen.tokens) != 3 {
		t.Errorf("%d tokens were sent, want 3", len(seen.tokens))
	}
	for token := range seen.tokens {
		for part := range strings.SplitSeq(token, ".") {
			if strings.Contains(text, part) {
				t.Errorf("the server shows %q of a token", part)
			}
		}
	}
	if n := strings.Count(text, "airbyte-agents:"); n < 4 {
		t.Errorf("%d keys on the server:\n%q", n, text)
	}
}

// With wrong credentials, each process asks once at most, and says so soon.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	fake := agentstest.New()
	fake.SetClientSecret(agentstest.ClientID, "another")
	var wg sync.WaitGroup
	start := time.Now()
	for _, f := range fleets(t, s.addr(), caching, 8) {
		ws := workspaceOf(t, fake, f)
		for range 10 {
			wg.Go(func() {
				if err := call(t.Context(), ws); !errors.Is(err, client.ErrUnauthorized) {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
	if n := fake.Count("createToken"); n < 1 || n > 8 {
		t.Errorf("%d token requests", n)
	}
}

// A server that stalls delays a call by a quarter of a second at most, for each answer
// that it owes, and then no call for about a second. The log says so once. When it goes
// on, so does sharing.
func TestStall(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.addr())
	fake := agentstest.New()
	var log strings.Builder
	var mu sync.Mutex
	logger := slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(b)
	}), nil))
	one := workspaceOf(t, fake, fleet.New(connect(t, p.addr(), caching), fleet.WithLogger(logger), nil))
	other := workspaceOf(t, fake, fleets(t, s.addr(), caching, 1)[0])
	for _, ws := range []*client.Workspace{one, other} {
		if err := call(t.Context(), ws); err != nil {
			t.Fatal(err)
		}
	}
	p.stall()
	slow := 0
	for range 40 { // for two seconds
		fake.RevokeTokens()
		start := time.Now()
		if err := call(t.Context(), one); err != nil {
			t.Error(err)
		}
		switch d := time.Since(start); {
		case d > 800*time.Millisecond && !raceEnabled || d > 1500*time.Millisecond:
			t.Errorf("a call took %v", d)
		case d > 100*time.Millisecond:
			slow++
		}
		time.Sleep(50 * time.Millisecond)
	}
	if slow > 6 {
		t.Errorf("%d of 40 calls were slow", slow)
	}
	mu.Lock()
	if n := strings.Count(log.String(), "the server does not answer"); n != 1 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
	mu.Unlock()

	p.resume()
	for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		fake.RevokeTokens()
		before := fake.Count("createToken")
		for _, ws := range []*client.Workspace{one, other} {
			if err := call(t.Context(), ws); err != nil {
				t.Error(err)
			}
		}
		if fake.Count("createToken") == before+1 {
			break
		}
		if time.Since(start) > 5*time.Second {
			t.Fatal("sharing is not back")
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// Processes with another prefix, or another server, share nothing.
func TestPrefix(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	src := new(source)
	for _, f := range []*fleet.Fleet{
		fleets(t, s.addr(), caching, 1, fleet.WithPrefix("one"))[0],
		fleets(t, s.addr(), caching, 1, fleet.WithPrefix("t{w}o"))[0],
		fleets(t, s.addr(), caching, 1)[0],
	} {
		if _, err := f.Do(t.Context(), "k{e}y", nil, src.fill); err != nil {
			t.Error(err)
		}
		f.Pause(t.Context(), "k", time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		if err := f.Wait(ctx, "k"); !errors.Is(err, client.ErrRateLimited) {
			t.Error(err)
		}
		cancel()
		if !strings.HasPrefix(f.String(), "fleet.Fleet{") {
			t.Error(f)
		}
	}
	if n := src.n.Load(); n != 3 {
		t.Errorf("%d fills, want 3", n)
	}
	for line := range strings.Lines(dump(t, s.addr())) {
		if strings.Contains(line, " = ") && !strings.HasPrefix(line, "one:") && !strings.HasPrefix(line, "t{w}o:") && !strings.HasPrefix(line, "airbyte-agents:") {
			t.Errorf("a key without a prefix: %q", line)
		}
	}
}

// A user of the server needs the rights that the documentation lists.
func TestAccessControl(t *testing.T) {
	t.Parallel()
	rules := [][]string{
		strings.Fields("ACL SETUSER agents on >password ~airbyte-agents:* +eval +evalsha +time +get +set +del +exists +pexpire +pttl +hgetall +hset +zadd +zrange +zrem +zremrangebyscore +multi +exec +client|caching +client|tracking +hello +ping"),
		strings.Fields("ACL SETUSER agents +cluster|slots +cluster|shards"),
	}
	addr, cluster := startServer(t).addr(), startCluster(t)
	do(t, addr, rules[0]...)
	for _, node := range cluster {
		for _, rule := range rules {
			do(t, node, rule...)
		}
	}
	user := func(o *valkey.ClientOption) { o.Username, o.Password = "agents", "password" }
	for _, m := range []mode{
		{"user", user},
		{"user without caching", func(o *valkey.ClientOption) { user(o); o.DisableCache = true }},
		{"user of a cluster", func(o *valkey.ClientOption) { user(o); o.ForceSingleClient, o.InitAddress = false, cluster }},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			src := &source{takes: 1500 * time.Millisecond} // is renewed once
			var wg sync.WaitGroup
			for _, f := range fleets(t, addr, m, 2, silent(t)) {
				wg.Go(func() {
					if _, err := f.Do(t.Context(), m.name, nil, src.fill); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := src.n.Load(); n != 1 {
				t.Errorf("%d fills, want 1", n)
			}
			testPauseSpreads(t, addr, m)
			testTurnsAreGivenBack(t, addr, m)
		})
	}
}

// A pause holds also if the server does not know of it, or has forgotten it.
func TestPauseWithoutServer(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	f := fleets(t, s.addr(), caching, 1)[0]
	waits := func(what string, key string, f *fleet.Fleet) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := f.Wait(ctx, key)
		if e, ok := errors.AsType[client.PausedError](err); !ok || e.RetryAfter < 5*time.Second {
			t.Errorf("%s: %v", what, err)
		}
	}
	nobody := fleet.New(nil)
	nobody.Pause(t.Context(), "k", time.Minute)
	waits("no server", "k", nobody)

	f.Pause(t.Context(), "k", time.Minute)
	waits("a server", "k", f)
	s.kill()
	waits("a server that is gone", "k", f)
	f.Pause(t.Context(), "later", time.Minute)
	waits("a pause after that", "later", f)
	s.start()
	time.Sleep(2 * time.Second)
	waits("a new server", "k", f)
	waits("a new server, and the other pause", "later", f)
	if err := f.Wait(t.Context(), "another"); err != nil {
		t.Error(err)
	}
	for range 10_000 {
		if err := nobody.Wait(t.Context(), fmt.Sprint(time.Now().UnixNano())); err != nil {
			t.Fatal(err)
		}
	}
	waits("after many other keys", "k", nobody)
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	f := fleets(t, s.addr(), caching, 1)[0]
	f.Pause(t.Context(), "k", 2*time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	start := time.Now()
	if err := f.Wait(ctx, "k"); !errors.Is(err, context.Canceled) || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	if err := f.Wait(ctx, "free"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := f.Wait(t.Context(), "k"); err != nil {
		t.Error(err)
	}
	if d := time.Since(start); d < 1900*time.Millisecond {
		t.Errorf("released after %v", d)
	}
}

// Once the client of the server is closed, nothing is left.
func TestLeavesNothingBehind(t *testing.T) {
	s := startServer(t)
	time.Sleep(100 * time.Millisecond)
	before := runtime.NumGoroutine()
	for range 3 {
		v, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{s.addr()}, ForceSingleClient: true})
		if err != nil {
			t.Fatal(err)
		}
		f := fleet.New(v)
		if _, err := f.Do(t.Context(), "k", nil, new(source).fill); err != nil {
			t.Error(err)
		}
		f.Pause(t.Context(), "k", 100*time.Millisecond)
		if err := f.Wait(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		v.Close()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}
