// Organizations uses two organizations at once, each with its own client. The
// clients never share a token.
package main

import (
	"context"
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
	for _, id := range []string{agentstest.OrganizationID, agentstest.SecondOrganizationID} {
		c, err := client.New(client.WithOrganizationID(id),
			client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithWorkspaceName(agentstest.WorkspaceName))
		if err != nil {
			return err
		}
		for w, err := range c.Workspaces(ctx, client.WorkspaceFilter{}) {
			if err != nil {
				return err
			}
			connectors, err := c.Workspace(w.Name).ListConnectors(ctx)
			if err != nil {
				return err
			}
			fmt.Printf("%s: workspace %q has %d connectors\n", id, w.Name, len(connectors))
		}
	}
	fmt.Println("token requests:", fake.Count("createToken"))
	return nil
}
