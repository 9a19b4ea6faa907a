// Search searches for records in the context store of a connector.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// An Issue has the fields of a GitHub issue that this program uses.
type Issue struct {
	Number    int    `json:"number"`
	Title     string `json:"title"`
	CreatedAt string `json:"created_at"`
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fake := agentstest.NewServer() // with an account, leave out this and the options
	defer fake.Close()
	github, err := client.Connect(ctx, "github",
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		return err
	}
	query := client.Query{
		Filter: client.And(
			client.Where("state").Eq("closed"),
			client.Not(client.Where("number").Lt(5)),
		),
		Sort:     []client.SortKey{client.Descending("number")},
		PageSize: 2,
	}
	for issue, err := range client.Search[Issue](ctx, github, "issues", query) {
		if err != nil {
			return err
		}
		fmt.Printf("#%d %s\n", issue.Number, issue.Title)
	}
	return nil
}
