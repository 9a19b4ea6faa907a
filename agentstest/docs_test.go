package agentstest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// These tests run what the documentation advises for package client.

// join does what the documentation of Transport shows.
func join(t *testing.T, opts ...agentstest.Option) (*agentstest.Service, *client.Workspace) {
	t.Helper()
	fake := agentstest.New(opts...)
	ws, err := client.NewWorkspace(
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}),
		client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		t.Fatal(err)
	}
	return fake, ws
}

// The same as in the documentation of Transport.
func TestNextDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, ws := join(t)
		for range 2 {
			if _, err := ws.Connector(t.Context(), "github"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(24 * time.Hour) // the token expires
		}
		if n := fake.Count("createToken"); n != 2 {
			t.Errorf("%d requests for a token", n)
		}
	})
}

// The settings that the package documentation advises make a test independent of
// the environment.
func TestTheEnvironmentMakesNoDifference(t *testing.T) {
	for name, value := range map[string]string{
		"AIRBYTE_API_HOST":        "https://nowhere.example.com",
		"AIRBYTE_CLIENT_ID":       "somebody",
		"AIRBYTE_CLIENT_SECRET":   "something",
		"AIRBYTE_ORGANIZATION_ID": agentstest.SecondOrganizationID,
		"AIRBYTE_WORKSPACE":       agentstest.SecondWorkspaceName,
	} {
		t.Setenv(name, value)
	}
	slack := func(opts ...client.Option) error {
		fake := agentstest.NewServer()
		defer fake.Close()
		_, err := client.Connect(t.Context(), "slack", append(opts, client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))...)
		return err
	}
	if err := slack(client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName)); err != nil {
		t.Error(err)
	}
	if _, ws := join(t); ws.Name() != agentstest.WorkspaceName {
		t.Errorf("workspace %q", ws.Name())
	} else if _, err := ws.Connector(t.Context(), "slack"); err != nil {
		t.Error(err)
	}
	if slack() == nil {
		t.Error("the settings are not needed, or the test has nothing in the environment")
	}
}

// A client retries a 429 and succeeds, unless the fault is as documented.
func TestRefusalsThatAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, ws := join(t)
		fake.Inject(agentstest.Fault{Operation: "listConnectors", Status: http.StatusTooManyRequests})
		began := time.Now()
		if _, err := ws.Connector(t.Context(), "github"); err != nil || time.Since(began) < time.Second || fake.PendingFaults() != 0 {
			t.Errorf("%v after %v, %d faults left", err, time.Since(began), fake.PendingFaults())
		}
		fake.Inject(agentstest.Fault{Operation: "listConnectors", Times: -1, Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"600"}}})
		if _, err := ws.Connector(t.Context(), "github"); !errors.Is(err, client.ErrRateLimited) {
			t.Errorf("error %v", err)
		}
		if fake.PendingFaults() != 1 {
			t.Error("a fault without end is used up")
		}
		fake.ClearFaults()
		fake.Inject(agentstest.Fault{Operation: "listConnectors", Times: -1, Status: http.StatusServiceUnavailable})
		if _, err := ws.Connector(t.Context(), "github"); !errors.Is(err, client.ErrServer) {
			t.Errorf("error %v", err)
		}
	})
}

// The documentation of SetClientSecret says how long a refusal is remembered.
func TestRefusedSecretsAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, ws := join(t)
		connect := func() error { _, err := ws.Connector(t.Context(), "github"); return err }
		fake.SetClientSecret(agentstest.ClientID, "another")
		if err := connect(); !errors.Is(err, client.ErrUnauthorized) {
			t.Errorf("error %v", err)
		}
		fake.SetClientSecret(agentstest.ClientID, agentstest.ClientSecret)
		if err := connect(); !errors.Is(err, client.ErrUnauthorized) || fake.Count("createToken") != 1 {
			t.Errorf("at once: %v, %d requests for a token", err, fake.Count("createToken"))
		}
		time.Sleep(4 * time.Second)
		if err := connect(); err != nil {
			t.Errorf("later: %v", err)
		}
	})
}

// WaitSearchable waits for the context store, as long as WithSearchDelay says.
func TestWaitSearchable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const delay = 5 * time.Minute
		_, ws := join(t, agentstest.WithSearchDelay(delay))
		github, err := ws.Connector(t.Context(), "github")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := github.WaitSearchable(t.Context(), "issues", client.Polling{Limit: time.Minute}); !errors.Is(err, client.ErrWaitedTooLong) {
			t.Errorf("too short a limit: %v", err)
		}
		_, err = github.Execute(t.Context(), "issues", "context_store_search", client.Params{"query": client.Params{}})
		if !errors.Is(err, client.ErrInvalid) {
			t.Errorf("a search before that: %v", err)
		}
		issues, err := github.WaitSearchable(t.Context(), "issues", client.Polling{})
		if took := time.Since(began); err != nil || !issues.Ready || took < delay || took > delay+time.Minute {
			t.Errorf("%+v %v after %v", issues, err, took)
		}
		if _, err := github.Execute(t.Context(), "issues", "context_store_search", client.Params{"query": client.Params{}}); err != nil {
			t.Error(err)
		}
	})
}

// In an error of package client, the text that comes from the response has each
// name once.
func TestErrorTexts(t *testing.T) {
	fake, ws := join(t)
	nowhere := ws.Client().Workspace("nowhere")
	_, err := nowhere.ListConnectors(t.Context())
	if !errors.Is(err, client.ErrNotFound) || strings.Count(err.Error(), `"nowhere"`) != 1 {
		t.Errorf("a workspace that does not exist: %v", err)
	}
	github, err := ws.Connector(t.Context(), "github")
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{403, 404, 409, 500} {
		fake.Inject(agentstest.Fault{Entity: "issues", Status: status})
		_, err := github.Execute(t.Context(), "issues", "create", nil)
		var e *client.Error
		if !errors.As(err, &e) || len(e.Fields) != 0 || strings.Count(strings.ToLower(err.Error()), strings.ToLower(http.StatusText(status))) != 1 {
			t.Errorf("%d: %v", status, err)
		}
	}
}
