package agentstest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// Any HTTP client can call the service. Here the first request for a token fails,
// and the second one succeeds.
func Example() {
	fake := agentstest.NewServer()
	defer fake.Close()
	fake.Inject(agentstest.Fault{Operation: "createToken", Status: http.StatusServiceUnavailable})

	credentials := fmt.Sprintf(`{"client_id": %q, "client_secret": %q}`, agentstest.ClientID, agentstest.ClientSecret)
	for range 2 {
		resp, err := http.Post(fake.URL+"/api/v1/account/applications/token", "application/json", strings.NewReader(credentials))
		if err != nil {
			fmt.Println(err)
			return
		}
		var token struct {
			ExpiresIn int `json:"expires_in"`
		}
		err = json.NewDecoder(resp.Body).Decode(&token)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, token.ExpiresIn, err)
	}
	fmt.Println(fake.Count("createToken"), "token requests")
	// Output:
	// 503 0 <nil>
	// 200 900 <nil>
	// 2 token requests
}

// A connector of a new kind, with its own records and its own way of paging.
func ExampleWithConnector() {
	fake := agentstest.NewServer(agentstest.WithConnector(agentstest.WorkspaceName, agentstest.Connector{
		Slug: "acme-crm",
		Entities: map[string]agentstest.Entity{
			"contacts": {
				Records:  []map[string]any{{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}, {"id": 3, "name": "Alan"}},
				Paging:   agentstest.PagingPageToken,
				PageSize: 2,
			},
		},
	}))
	defer fake.Close()

	ctx := context.Background()
	crm, err := client.Connect(ctx, "acme-crm",
		client.WithBaseURL(fake.URL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	type contact struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	for c, err := range client.All[contact](ctx, crm, "contacts", "list", nil) {
		fmt.Println(c.ID, c.Name, err)
	}
	fmt.Println(fake.Count("executeConnector"), "requests: two pages and, as the SDK does not know acme-crm, what it says about paging")
	// Output:
	// 1 Ada <nil>
	// 2 Grace <nil>
	// 3 Alan <nil>
	// 3 requests: two pages and, as the SDK does not know acme-crm, what it says about paging
}

// A service for the connector of a document, from what agents-gen -fake wrote. A
// parameter that the document does not declare is refused.
func ExampleWithDocument() {
	description, err := os.ReadFile("../examples/typed/acme.fake.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	fake := agentstest.NewServer(agentstest.WithDocument(description))
	defer fake.Close()

	ctx := context.Background()
	desk, err := client.Connect(ctx, "acme-desk",
		client.WithBaseURL(fake.URL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	type ticket struct {
		ID      int    `json:"id"`
		Subject string `json:"subject"`
	}
	tickets, _, err := client.Execute[[]ticket](ctx, desk, "tickets", "list", client.Params{"project": "web", "limit": 2})
	fmt.Println(tickets, err)
	_, err = desk.Execute(ctx, "tickets", "list", client.Params{"project": "web", "limits": 2})
	fmt.Println(errors.Is(err, client.ErrInvalid))
	// Output:
	// [{1 Subject 1 of tickets} {2 Subject 2 of tickets}] <nil>
	// true
}

// Package client calls the service without a network. All settings are given, so
// that none comes from the environment. The documentation of Transport shows the
// same in a bubble of testing/synctest.
func ExampleService_Transport() {
	fake := agentstest.New()
	ws, err := client.NewWorkspace(
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}),
		client.WithBaseURL(client.DefaultBaseURL), // nothing is sent there
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	github, err := ws.Connector(context.Background(), "github")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(github.Slug())
	for _, r := range fake.Requests() {
		fmt.Println(r.Operation, r.Status)
	}
	// Output:
	// github
	// createToken 200
	// listConnectors 200
}

// One action on one entity fails, and all others succeed. At the end, the test
// checks that the fault is used up.
func ExampleService_Inject() {
	fake := agentstest.New()
	fake.Inject(agentstest.Fault{Entity: "messages", Action: "create", Status: http.StatusForbidden})

	ws, err := client.NewWorkspace(
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}),
		client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	slack, err := ws.Connector(ctx, "slack")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, action := range []string{"list", "create"} {
		_, err := slack.Execute(ctx, "messages", action, client.Params{"channel": "C00002"})
		fmt.Println(action, errors.Is(err, client.ErrForbidden))
	}
	for _, r := range fake.Requests() {
		if r.Operation == "executeConnector" {
			fmt.Println(r.Entity, r.Action, r.Params, r.Status)
		}
	}
	fmt.Println(fake.PendingFaults(), "faults left")
	// Output:
	// list false
	// create true
	// messages list map[channel:C00002] 200
	// messages create map[channel:C00002] 403
	// 0 faults left
}
