package agentstest_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// What the documentation advises for package client, tried with it.

// join is the lines that the documentation of Transport gives.
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

// With the settings that the package's documentation advises, what a developer
// has in the environment makes no difference.
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

// A refusal that a client rides out, and how to see it nevertheless.
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
