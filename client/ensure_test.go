package client_test

import (
	"net/http"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestEnsureConnector(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	ws, err := client.NewWorkspace(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	request := client.CreateConnectorRequest{Name: " GitHub of the customer\n", ConnectorType: "github", Credentials: client.Configuration{"token": "the customer's own"}}
	first, created, err := ws.EnsureConnector(t.Context(), request)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	again, created, err := ws.EnsureConnector(t.Context(), request)
	if err != nil || created || again.ID != first.ID {
		t.Errorf("%v %v %v", again, created, err)
	}
	if n := fake.Count("createConnector"); n != 1 {
		t.Errorf("%d were created", n)
	}

	// A creation whose response was lost is found.
	request.Name = "second"
	fake.Inject(agentstest.Fault{Operation: "createConnector", Lost: true})
	lost, created, err := ws.EnsureConnector(t.Context(), request)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	if again, created, err := ws.EnsureConnector(t.Context(), request); err != nil || created || again.ID != lost.ID {
		t.Errorf("%v %v %v", again, created, err)
	}

	// One that had no effect remains an error, and can be repeated.
	request.Name = "third"
	fake.Inject(agentstest.Fault{Operation: "createConnector", Reset: true})
	_, _, err = ws.EnsureConnector(t.Context(), request)
	if failed := asError(t, err); !failed.OutcomeUnknown {
		t.Errorf("the outcome should be unknown: %v", err)
	}
	if _, created, err = ws.EnsureConnector(t.Context(), request); err != nil || !created {
		t.Error(created, err)
	}
	fake.Inject(agentstest.Fault{Operation: "createConnector", Status: http.StatusUnprocessableEntity})
	request.Name = "fourth"
	_, _, err = ws.EnsureConnector(t.Context(), request)
	wantKinds(t, err, "ErrInvalid")

	// Two of one name, and one of another kind.
	request.Name = "second"
	if _, err := ws.CreateConnector(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	_, _, err = ws.EnsureConnector(t.Context(), request)
	wantKinds(t, err, "ErrConnectorAmbiguous")
	wantText(t, err, lost.ID, `"second"`)
	request.Name, request.ConnectorType = "third", "stripe"
	_, _, err = ws.EnsureConnector(t.Context(), request)
	wantKinds(t, err, "ErrInvalid")
	wantText(t, err, `"third"`, "github", "stripe")

	// Nothing is sent for what cannot be right.
	sent := len(fake.Requests())
	for _, r := range []client.CreateConnectorRequest{{}, {Name: "x"}, {ConnectorType: "github", OAuthSecretID: "s"}} {
		_, _, err := ws.EnsureConnector(t.Context(), r)
		wantKinds(t, err, "ErrInvalid")
	}
	if n := len(fake.Requests()); n != sent {
		t.Errorf("%d requests were sent", n-sent)
	}
}
