package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// The clients of a process have one gate, so that one refused request is enough.
func ExampleNewGate() {
	ctx := context.Background()
	fake := agentstest.NewServer() // instead of https://api.airbyte.ai
	defer fake.Close()
	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"600"}}})

	gate := client.NewGate()
	for range 3 {
		github, err := client.Connect(ctx, "github", client.WithGate(gate),
			client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
		if err != nil {
			log.Fatal(err)
		}
		var failed *client.Error
		if _, err := github.Execute(ctx, "issues", "list", nil); errors.As(err, &failed) {
			fmt.Println(errors.Is(err, client.ErrRateLimited), failed.RetryAfter.Round(time.Minute), failed.Attempts)
		}
	}
	// Output:
	// true 10m0s 1
	// true 10m0s 0
	// true 10m0s 0
}
