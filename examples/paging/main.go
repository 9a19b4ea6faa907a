// Paging iterates over all pages of several connectors, each of which pages in
// a different way. It also shows the error for a connector that pages by links,
// which needs a pager or the name of a parameter.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fake := agentstest.NewServer() // with an account, leave out this and the options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		return err
	}
	for _, what := range []struct{ slug, entity string }{
		{"github", "issues"}, {"stripe", "customers"}, {"zendesk-support", "tickets"}, {"hubspot", "contacts"}, {"slack", "messages"},
	} {
		conn, err := ws.Connector(ctx, what.slug)
		if err != nil {
			return err
		}
		n := 0
		for _, err := range client.All[map[string]any](ctx, conn, what.entity, "list", nil, client.WithPrefetch()) {
			if err != nil {
				return err
			}
			n++
		}
		fmt.Printf("%s: %d %s\n", what.slug, n, what.entity)
	}

	// If All cannot request the next page, the error says so.
	salesforce, err := ws.Connector(ctx, "salesforce")
	if err != nil {
		return err
	}
	for _, err := range client.All[map[string]any](ctx, salesforce, "accounts", "list", nil) {
		if errors.Is(err, client.ErrPaging) {
			fmt.Println("salesforce:", err)
		}
	}
	return nil
}
