// Agent gives a language model tools for the connectors of a workspace: an
// outline of what exists, documentation on demand, actions one page at a time,
// and search. A script stands in for the model.
package main

import (
	"context"
	"encoding/json"
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
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(client.WithScopedToken(), // the model has access to this workspace and no other
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		return err
	}
	onlyIssues := func(entity, _ string) bool { return entity == "issues" }
	tools := Tools(ws, onlyIssues)
	var next json.RawMessage // the parameters of the next page, from the output before
	for _, call := range []struct{ tool, input string }{
		{"list_connectors", `{}`},
		{"read_docs", `{"connector": "stripe", "section": "actions.customers.context_store_search"}`},
		{"run_action", `{"connector": "github", "entity": "issue", "action": "list"}`},
		{"run_action", `{"connector": "github", "entity": "issues", "action": "list", "fields": ["number", "title"], "params": {"per_page": 9}}`},
		{"run_action", `{"connector": "github", "entity": "issues", "action": "list", "fields": ["number", "title"], "params": NEXT}`},
		{"run_action", `{"connector": "stripe", "entity": "customers", "action": "delete", "params": {"id": "cus_0001"}}`},
		{"search_records", `{"connector": "github", "entity": "issues", "field": "title", "prompt": "timeouts should be configurable"}`},
	} {
		input := strings.Replace(call.input, "NEXT", string(next), 1)
		output := tools[call.tool].Call(ctx, json.RawMessage(input))
		fmt.Printf("> %s %s\n%s\n\n", call.tool, input, output)
		var answer struct{ Next json.RawMessage }
		if json.Unmarshal([]byte(output), &answer) == nil {
			next = answer.Next
		}
	}
	return nil
}
