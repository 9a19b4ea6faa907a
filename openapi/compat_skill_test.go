package openapi_test

import (
	"context"
	"errors"
	"iter"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// skillCalls are more calls for TestCompatible.
var skillCalls = []wrapper{
	{name: "Skills.All", ops: []string{"listSkills"}, call: func(ctx context.Context, w *client.Workspace) error {
		return allSkills(w.Client().Skills().All(ctx))
	}},
	{name: "Skills.Search", ops: []string{"searchSkills"}, call: func(ctx context.Context, w *client.Workspace) error {
		return allSkills(w.Client().Skills().Search(ctx, "tickets"))
	}},
	{name: "Skills.Docs", ops: []string{"getSkillDocs"}, call: func(ctx context.Context, w *client.Workspace) error {
		docs, err := w.Client().Skills().Docs(ctx, "connector-source:"+connectorID, "actions.tickets.list")
		_ = docs.String()
		return err
	}},
	{name: "Connector.Docs, a section", ops: []string{"getSkillDocs", "inspectConnector"}, needed: []string{"/docs_skill_id"}, call: func(ctx context.Context, w *client.Workspace) error {
		docs, err := w.ConnectorByID(connectorID).Docs(ctx, "actions.tickets.list")
		_ = docs.String()
		return err
	}},
}

// allSkills reads a list whose pages all have the cursor of the example. The
// repetition ends the list.
func allSkills(list iter.Seq2[client.Skill, error]) error {
	for _, err := range list {
		if err != nil && !errors.Is(err, client.ErrPaging) {
			return err
		}
	}
	return nil
}
