package client_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestScopedTokenRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		opt     client.Option
		lookups int
	}{
		"existing": {client.WithScopedToken(), 1},
		"creating": {client.WithScopedTokenCreatingWorkspace(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			lookups := 0
			s.route = func(r sent) reply {
				want := "Bearer token-1"
				var answer reply
				switch r.Path {
				case workspacesPath:
					lookups++
					answer = acme()
				case scopedPath:
					if name := r.decoded(t)["workspace_name"]; name != "acme" || r.Header.Get("X-Organization-Id") != stubOrg {
						t.Errorf("asked for a token of %v with %v", name, r.Header)
					}
					answer = says(200, `{"token":"narrow"}`)
				default:
					want, answer = "Bearer narrow", list()
				}
				if a := r.Header.Get("Authorization"); a != want {
					t.Errorf("%s sent with %s, want %s", r.Path, a, want)
				}
				return answer
			}
			c := newClientOfApp(t, s, tc.opt, client.WithWorkspaceName("acme"), client.WithOrganizationID(stubOrg))
			for range 3 {
				if err := lists(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			s.wantSent(t, 4+tc.lookups)
			if s.tokenRequests() != 1 || lookups != tc.lookups {
				t.Errorf("%d token requests, %d lookups", s.tokenRequests(), lookups)
			}
		})
	}
}

// lists calls the service and returns the error.
func lists(ctx context.Context, c *client.Client) error {
	_, err := c.DefaultWorkspace().ListConnectors(ctx)
	return err
}

// scopedOpts are the options of a client of the fake with scoped tokens.
func scopedOpts(fake *agentstest.Service, workspace string, opts ...client.Option) []client.Option {
	return append([]client.Option{
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithWorkspaceName(workspace),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithScopedToken(),
	}, opts...)
}

// Clients of one workspace share a token, whether they need it at once or one after
// the other, and one of them looks the workspace up.
func TestScopedTokenIsShared(t *testing.T) {
	for name, opt := range map[string]client.Option{"existing": client.WithScopedToken(), "creating": client.WithScopedTokenCreatingWorkspace()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := agentstest.New()
				rt := fake.Transport()
				call := func(workspace string) {
					opts := scopedOpts(fake, workspace, opt, client.WithHTTPClient(&http.Client{Transport: rt}))
					if err := lists(t.Context(), makeClient(t, rt, opts...)); err != nil {
						t.Error(err)
					}
				}
				want := func(workspaces int) {
					t.Helper()
					lookups := workspaces
					if name == "creating" {
						lookups = 0
					}
					for operation, n := range map[string]int{"createToken": 1, "createScopedToken": workspaces, "listWorkspaces": lookups} {
						if got := fake.Count(operation); got != n {
							t.Errorf("%s was sent %d times, want %d", operation, got, n)
						}
					}
				}
				var wg sync.WaitGroup
				for range 10 {
					wg.Go(func() { call(agentstest.WorkspaceName) })
				}
				wg.Wait()
				want(1)
				for range 10 {
					call(agentstest.WorkspaceName)
				}
				want(1)
				call(agentstest.SecondWorkspaceName)
				want(2)
				// The next token needs no lookup.
				time.Sleep(19*time.Minute + 30*time.Second)
				fake.Reset()
				call(agentstest.WorkspaceName)
				synctest.Wait()
				if s, l := fake.Count("createScopedToken"), fake.Count("listWorkspaces"); s != 1 || l != 0 {
					t.Errorf("after the token expired: %d tokens, %d lookups", s, l)
				}
			})
		})
	}
}

func TestScopedTokenOfAMissingWorkspace(t *testing.T) {
	fake := agentstest.New()
	rt := client.WithHTTPClient(&http.Client{Transport: fake.Transport()})
	ctx := t.Context()
	c := makeClient(t, nil, scopedOpts(fake, "acme-prdo", rt)...)
	w := c.DefaultWorkspace()
	_, connectErr := client.Connect(ctx, "github", append(scopedOpts(fake, "acme-prdo", rt), client.WithBaseURL(stubURL))...)
	_, executeErr := connectorOf(c).Execute(ctx, "issues", "create", nil)
	for what, err := range map[string]error{"read": lists(ctx, c), "Ensure": w.Ensure(ctx), "Connect": connectErr, "a write": executeErr} {
		if wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound"); err == nil {
			t.Fatal(what)
		}
		wantText(t, err, `no workspace is called "acme-prdo"`, "WithScopedTokenCreatingWorkspace")
		if e := asError(t, err); e.Retryable || e.OutcomeUnknown {
			t.Errorf("%s: %+v", what, e)
		}
	}
	if n := fake.Count("createScopedToken"); n != 0 {
		t.Errorf("%d scoped tokens were requested", n)
	}
	// It is looked up each time, so a workspace that is created is found at once.
	app := makeClient(t, nil, rt, client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err := app.Workspace("acme-prdo").Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := lists(ctx, c); err != nil {
		t.Error(err)
	}
	// A deleted workspace does not exist.
	if err := app.Workspace("gone").Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := app.Workspace("gone").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	wantKinds(t, lists(ctx, makeClient(t, nil, scopedOpts(fake, "gone", rt)...)), "ErrNotFound+ErrWorkspaceNotFound")
	// The other option creates it, and does not wait for what was refused.
	creating := makeClient(t, nil, scopedOpts(fake, "new", rt, client.WithScopedTokenCreatingWorkspace())...)
	wantKinds(t, lists(ctx, makeClient(t, nil, scopedOpts(fake, "new", rt)...)), "ErrNotFound+ErrWorkspaceNotFound")
	if err := lists(ctx, creating); err != nil {
		t.Error(err)
	}
	if _, err := app.Workspace("new").Info(ctx); err != nil {
		t.Error(err)
	}
}

// With a token source of its own, a client shares nothing.
func TestScopedTokenOfATokenSource(t *testing.T) {
	s := serve(t)
	s.route = func(r sent) reply {
		switch r.Path {
		case workspacesPath:
			return acme()
		case scopedPath:
			return says(200, `{"token":"narrow"}`)
		}
		return list()
	}
	for range 2 {
		c := newClient(t, s, client.WithScopedToken(), client.WithWorkspaceName("acme"))
		for range 2 {
			if err := lists(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.wantSent(t, 8)
	wantKinds(t, lists(t.Context(), newClient(t, s, client.WithScopedToken(), client.WithWorkspaceName("other"))), "ErrNotFound+ErrWorkspaceNotFound")
}

// TestScopedTokenLookupFails tests what a call returns if the workspace could not be
// looked up, and that the next call looks again.
func TestScopedTokenLookupFails(t *testing.T) {
	for _, tc := range []struct {
		name      string
		lookup    reply
		token     reply
		kinds     string
		text      string
		retryable bool
		lookups   int
	}{
		{"outage", says(503, `{"message":"down"}`), nil, "ErrServer", "list workspaces: 503 Service Unavailable: down", true, 3},
		{"failure", says(500, ""), nil, "ErrServer", "500", false, 1},
		{"refused", says(403, `{"message":"no"}`), nil, "ErrForbidden", "no", false, 1},
		{"no answer", hangs, nil, "ErrNetwork", "", true, 3},
		{"no connection", fails(errReset), nil, "ErrNetwork", "", true, 3},
		{"no scoped token", acme(), says(403, `{"message":"for admins"}`), "ErrForbidden", "scoped token request: 403 Forbidden: for admins", false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lookups, healthy := 0, false
				s := serve(t)
				s.route = func(r sent) reply {
					switch {
					case r.Path == workspacesPath:
						lookups++
						if !healthy {
							return tc.lookup
						}
						return acme()
					case r.Path == scopedPath && !healthy:
						return tc.token
					case r.Path == scopedPath:
						return says(200, `{"token":"narrow"}`)
					}
					return list()
				}
				c := newClientOfApp(t, s, client.WithScopedToken(), client.WithWorkspaceName("acme"))
				err := lists(t.Context(), c)
				wantKinds(t, err, tc.kinds)
				wantText(t, err, tc.text)
				if e := asError(t, err); e.Retryable != tc.retryable || lookups != tc.lookups {
					t.Errorf("retryable %t after %d lookups: %v", e.Retryable, lookups, err)
				}
				if errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the caller's ctx seems to have ended: %v", err)
				}
				if tc.name == "no answer" && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("not a timeout: %v", err)
				}
				healthy = true
				time.Sleep(4 * time.Second) // a refusal of a token is remembered for 3
				if err := lists(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A caller waits no longer than its ctx allows.
func TestScopedTokenLookupAndCtx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, hangs)
		c := newClientOfApp(t, s, client.WithScopedToken())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := lists(ctx, c); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		time.Sleep(time.Minute) // the fetch goes on without the caller
	})
}

// The fetches are reported to the client that needed the token, and the lookup is
// logged as a call.
func TestScopedTokenObservers(t *testing.T) {
	fake := agentstest.New()
	rt := fake.Transport()
	for i, want := range [][]string{{"fetch", "listWorkspaces", "fetch", "listConnectors"}, {"listConnectors"}} {
		var mu sync.Mutex
		var seen []string
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, s)
		}
		c := makeClient(t, nil, scopedOpts(fake, agentstest.WorkspaceName, client.WithHTTPClient(&http.Client{Transport: rt}),
			client.WithTokenObserver(func(auth.FetchReport) { note("fetch") }),
			client.WithAttemptObserver(func(_ context.Context, a client.Attempt) { note(a.Operation) }))...)
		if err := lists(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if !slices.Equal(seen, want) {
			t.Errorf("client %d reported %q, want %q", i, seen, want)
		}
		mu.Unlock()
	}
}

// A token of a workspace to hand on is not one of a workspace that a misspelled name has
// created.
func TestScopedTokenToHandOn(t *testing.T) {
	ctx := t.Context()
	fake := agentstest.New()
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	wantSent := func(lookups, tokens int) {
		t.Helper()
		if l, n := fake.Count("listWorkspaces"), fake.Count("createScopedToken"); l != lookups || n != tokens {
			t.Errorf("%d lookups and %d tokens, want %d and %d", l, n, lookups, tokens)
		}
	}
	wrong := c.Workspace("custmoer-42")
	for range 2 {
		_, err := wrong.ScopedToken(ctx)
		wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
		wantText(t, err, `"custmoer-42"`, "Ensure creates it")
	}
	_, err := wrong.ScopedTokens().Token(ctx)
	wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
	wantSent(3, 0)
	right := c.Workspace(agentstest.SecondWorkspaceName)
	for range 2 {
		if _, err := right.ScopedToken(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := right.ScopedTokens().Token(ctx); err != nil {
		t.Fatal(err)
	}
	wantSent(4, 3)
	if err := wrong.Ensure(ctx); err != nil { // if it was meant
		t.Fatal(err)
	}
	if _, err := wrong.ScopedToken(ctx); err != nil {
		t.Fatal(err)
	}
	if err := right.Delete(ctx); err != nil { // which looks it up
		t.Fatal(err)
	}
	_, err = right.ScopedToken(ctx)
	wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
	for info, err := range c.Workspaces(ctx, client.WorkspaceFilter{}) { // what is listed exists
		if err != nil {
			t.Fatal(err)
		}
		wantSent(8, 5)
		if _, err := c.WorkspaceFrom(info).ScopedToken(ctx); err != nil {
			t.Fatal(err)
		}
		wantSent(8, 6)
		break
	}
}

// A scoped token to hand on takes no longer than a call may, wherever the time goes.
func TestScopedTokenToHandOnIsLimited(t *testing.T) {
	workspaces := says(http.StatusOK, `{"data":[{"id":"`+stubID+`","name":"acme"}]}`)
	for name, routes := range map[string]map[string]reply{
		"looking the workspace up": {"GET /api/v1/workspaces": hangs},
		"fetching the token":       {"GET /api/v1/workspaces": workspaces, "POST " + scopedPath: hangs},
		"both":                     {"GET /api/v1/workspaces": later(1500*time.Millisecond, workspaces), "POST " + scopedPath: hangs},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClientOfApp(t, serveRoutes(t, routes), client.WithTimeout(2*time.Second))
				start := time.Now()
				_, err := c.Workspace("acme").ScopedToken(t.Context())
				if took := time.Since(start); took != 2*time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}
