// Testing posts a digest of the open tickets of a support desk to a chat. The
// program is small; its point is main_test.go, which shows how to test such a
// program with package agentstest, without an account.
package main

import (
	"context"
	"fmt"
	"log"
	"strings"

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
	text, err := PostDigest(ctx, ws, "C00002")
	fmt.Println(text)
	return err
}

// A Ticket has the fields of a Zendesk ticket that the digest needs.
type Ticket struct {
	ID       int    `json:"id"`
	Subject  string `json:"subject"`
	Status   string `json:"status"`
	Priority string `json:"priority"`
}

// PostDigest posts one message to a channel, with a line for each open ticket,
// and returns its text. If no ticket is open, it posts nothing and returns "".
// It never posts a digest that is incomplete.
func PostDigest(ctx context.Context, ws *client.Workspace, channel string) (string, error) {
	desk, err := ws.Connector(ctx, "zendesk-support")
	if err != nil {
		return "", err
	}
	var lines []string
	for ticket, err := range client.All[Ticket](ctx, desk, "tickets", "list", nil) {
		if err != nil {
			return "", err
		}
		if ticket.Status == "open" {
			lines = append(lines, fmt.Sprintf("#%d %s (%s)", ticket.ID, ticket.Subject, ticket.Priority))
		}
	}
	if len(lines) == 0 {
		return "", nil
	}
	chat, err := ws.Connector(ctx, "slack")
	if err != nil {
		return "", err
	}
	text := strings.Join(lines, "\n")
	_, err = chat.Execute(ctx, "messages", "create", client.Params{"channel": channel, "text": text})
	return text, err
}
