package client_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A mapStore is a Store within the process.
type mapStore struct {
	mu     sync.Mutex
	values map[string]*mapValue
}

type mapValue struct {
	mu    sync.Mutex // held while the value is filled
	value []byte
}

func (s *mapStore) Do(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
	s.mu.Lock()
	if s.values == nil {
		s.values = map[string]*mapValue{}
	}
	if s.values[key] == nil {
		s.values[key] = new(mapValue)
	}
	v := s.values[key]
	s.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.value) > 0 && !bytes.Equal(v.value, stale) {
		return v.value, nil
	}
	value, _, err := fill(ctx)
	if err == nil {
		v.value = value
	}
	return value, err
}

// A listStore cannot be compared with ==.
type listStore []auth.Store

func (s listStore) Do(ctx context.Context, key string, stale []byte, fill func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
	return s[0].Do(ctx, key, stale, fill)
}

func TestWithTokenStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := agentstest.New()
		store := new(mapStore)
		var fetches []auth.FetchReport
		// Each transport of its own stands for a process.
		process := func(opts ...client.Option) *client.Workspace {
			t.Helper()
			ws, err := client.NewWorkspace(append([]client.Option{
				client.WithBaseURL(stubURL), client.WithHTTPClient(&http.Client{Transport: &struct{ http.RoundTripper }{fake.Transport()}}),
				client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithOrganizationID(agentstest.OrganizationID),
				client.WithWorkspaceName(agentstest.WorkspaceName), client.WithTokenStore(store),
				client.WithTokenObserver(func(f auth.FetchReport) { fetches = append(fetches, f) }),
			}, opts...)...)
			if err != nil {
				t.Fatal(err)
			}
			return ws
		}
		call := func(ws *client.Workspace) {
			t.Helper()
			if _, err := ws.ListConnectors(t.Context()); err != nil {
				t.Error(err)
			}
		}
		want := func(op string, n int) {
			t.Helper()
			if got := fake.Count(op); got != n {
				t.Errorf("%d × %s, want %d", got, op, n)
			}
		}

		first, second := process(), process()
		call(first)
		call(second)
		want("createToken", 1)
		if len(fetches) != 2 || fetches[0].FromStore || !fetches[1].FromStore {
			t.Errorf("fetches %+v, want the second from the store", fetches)
		}

		fake.RevokeTokens()
		call(first)
		call(second)
		want("createToken", 2)

		time.Sleep(20 * time.Minute)
		call(second)
		call(first)
		want("createToken", 3)

		scoped := func() *client.Workspace { return process(client.WithScopedToken()) }
		call(scoped())
		call(scoped())
		want("createToken", 3)
		want("createScopedToken", 1)
		for _, ws := range []*client.Workspace{first, second} { // the same token, for its user
			if _, err := ws.ScopedTokens().Token(t.Context()); err != nil {
				t.Error(err)
			}
		}
		want("createScopedToken", 1)
		for _, ws := range []*client.Workspace{first, second} { // each of its own
			if _, err := ws.ScopedToken(t.Context()); err != nil {
				t.Error(err)
			}
		}
		want("createScopedToken", 3)
		if _, err := first.Client().Workspace("").ScopedTokens().Token(t.Context()); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("a workspace without a name: %v", err)
		}

		fake.SetClientSecret(agentstest.ClientID, "another")
		fake.RevokeTokens()
		for _, ws := range []*client.Workspace{first, second} {
			if _, err := ws.ListConnectors(t.Context()); !errors.Is(err, client.ErrUnauthorized) {
				t.Errorf("with wrong credentials: %v", err)
			}
		}
	})
}

// A brokenStore has no values.
type brokenStore struct{ err error }

func (s *brokenStore) Do(context.Context, string, []byte, func(context.Context) ([]byte, time.Duration, error)) ([]byte, error) {
	return nil, s.err
}

// The log says once a minute that the store fails, and no call does.
func TestBrokenStoreIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := agentstest.New()
		var log strings.Builder
		ws, err := client.NewWorkspace(
			client.WithBaseURL(stubURL), client.WithHTTPClient(&http.Client{Transport: &struct{ http.RoundTripper }{fake.Transport()}}),
			client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithOrganizationID(agentstest.OrganizationID),
			client.WithWorkspaceName(agentstest.WorkspaceName), client.WithTokenStore(&brokenStore{errors.New("no connection")}),
			client.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))))
		if err != nil {
			t.Fatal(err)
		}
		for range 18 { // in three minutes
			fake.RevokeTokens()
			if _, err := ws.ListConnectors(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Second)
		}
		if n := strings.Count(log.String(), `level=WARN msg="airbyte token store" error="no connection"`); n != 3 {
			t.Errorf("%d warnings, want 3:\n%s", n, log.String())
		}
		if n := strings.Count(log.String(), "\n"); n != 3 {
			t.Errorf("more was logged:\n%s", log.String())
		}
	})
}

func TestWithTokenStoreProblems(t *testing.T) {
	for name, tt := range map[string]struct {
		opts []client.Option
		want string
	}{
		"nil":                  {[]client.Option{client.WithTokenStore(nil)}, "the store is nil"},
		"not comparable":       {[]client.Option{client.WithTokenStore(listStore{new(mapStore)})}, "cannot be compared"},
		"source after a store": {[]client.Option{client.WithTokenStore(new(mapStore)), client.WithTokenSource(auth.Static("t"))}, "exclude each other"},
		"store after a source": {[]client.Option{client.WithTokenSource(auth.Static("t")), client.WithTokenStore(new(mapStore))}, "exclude each other"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.New(append(tt.opts, client.WithCredentials("id", "secret"))...)
			if err == nil || !errors.Is(err, client.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
