// Typed calls a connector through a package that agents-gen generated from the
// connector's document, so that the compiler checks names and types. The connector is a
// made-up one, and the service is in memory.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/examples/typed/acmedesk"
)

// In a module of your own, after "go get -tool github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen",
// the command is "go tool agents-gen".
//go:generate go run ../../cmd/agents-gen -o acmedesk -fake acme.fake.json acme.yaml

//go:embed acme.fake.json
var description []byte

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fake := agentstest.NewServer(agentstest.WithDocument(description)) // with an account, leave out this and the options
	defer fake.Close()
	desk, err := acmedesk.Connect(ctx,
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		return err
	}
	open := acmedesk.TicketsListParams{Project: "web", State: []acmedesk.TicketsListState{acmedesk.TicketsListStateOpen}, Limit: 5}
	n := 0
	for ticket, err := range desk.Tickets.All(ctx, open) {
		if err != nil {
			return err
		}
		if n++; n <= 3 {
			fmt.Println(ticket.ID, ticket.Subject, ticket.CreatedAt.Format("2 Jan"))
		}
	}
	fmt.Println(n, "tickets")

	ticket, err := desk.Tickets.Create(ctx, acmedesk.TicketsCreateParams{Subject: "It does not start", Type: "question", AssigneeID: client.Value[int64](7)})
	if err != nil {
		return err
	}
	fmt.Println("created:", ticket.Subject)
	if _, err := desk.Tickets.Update(ctx, acmedesk.TicketsUpdateParams{TicketID: ticket.ID, Subject: client.Value("It starts")}); err != nil {
		return err
	}
	query := client.Query{Filter: client.Where(acmedesk.TicketsFieldSubject).StartsWith("It starts"), Sort: []client.SortKey{client.Ascending(acmedesk.TicketsFieldID)}}
	for hit, err := range desk.Tickets.Search(ctx, query) {
		if err != nil {
			return err
		}
		fmt.Println("found:", hit.Subject)
	}
	return desk.Tickets.Delete(ctx, acmedesk.TicketsDeleteParams{TicketID: ticket.ID})
}
