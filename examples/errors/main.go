// Errors shows what can go wrong, and how a program finds out.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fake := agentstest.NewServer()
	defer fake.Close()
	opts := []client.Option{
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	}

	// If the secret is wrong, the error says where it came from.
	_, err := client.Connect(ctx, "github", client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, "wrong"))
	var refused *auth.TokenError
	if errors.Is(err, client.ErrUnauthorized) && errors.As(err, &refused) {
		fmt.Println("unauthorized; the secret is from:", refused.ClientSecretSource)
	}

	// If no connector has the slug, the error lists the connectors that exist.
	if _, err = client.Connect(ctx, "gitlab", opts...); errors.Is(err, client.ErrConnectorNotFound) {
		fmt.Println(err)
	}

	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		return err
	}

	// After too many requests, a read waits as long as the service asks. If
	// that is more than a minute, it fails at once.
	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"120"}}})
	_, err = github.Execute(ctx, "issues", "list", nil)
	var failed *client.Error
	if errors.Is(err, client.ErrRateLimited) && errors.As(err, &failed) {
		fmt.Println("rate limited for", failed.RetryAfter)
	}

	// The response to an action that failed may have status 200. It is an error
	// nevertheless.
	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusOK, Body: `{"status": "error", "error": "the token of the GitHub app has expired"}`})
	if _, err = github.Execute(ctx, "issues", "list", nil); errors.Is(err, client.ErrExecution) {
		fmt.Println(err)
	}

	// Input that cannot be right is refused before anything is sent.
	if _, err = github.Execute(ctx, "issues", "", nil); errors.Is(err, client.ErrInvalid) {
		fmt.Println(err)
	}
	return nil
}
