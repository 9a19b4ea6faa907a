package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// inMemoryClient returns a client of an in-memory service, which done closes. A program
// with an account calls client.New without options.
func inMemoryClient() (c *client.Client, done func()) {
	fake := agentstest.NewServer()
	c, err := client.New(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		log.Fatal(err)
	}
	return c, fake.Close
}

func ExampleWorkspace_Info() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	info, err := c.Workspace("customer-42").Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, info.Status, info.Visibility)
	// Output: customer-42 active shared
}

func ExampleWorkspace_Ensure() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	ws := c.Workspace("customer-43")
	if err := ws.Ensure(ctx); err != nil {
		log.Fatal(err)
	}
	info, err := ws.Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name)
	// Output: customer-43
}

// A connector can be found by its slug, by the name of its kind, or by its own
// name.
func ExampleWorkspace_Connector() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	zendesk, err := c.DefaultWorkspace().Connector(ctx, "Zendesk Support")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(zendesk.Slug())
	// Output: zendesk-support
}

// The token is for this customer only. To pass it on, convert it with
// string(tok.AccessToken).
func ExampleWorkspace_ScopedToken() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	tok, err := c.Workspace("customer-42").ScopedToken(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tok.AccessToken, time.Until(tok.Expiry) > 15*time.Minute)
	// Output: [REDACTED] true
}

func ExampleWorkspace_WidgetToken() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	token, err := c.Workspace("customer-42").WidgetToken(ctx, client.WidgetRequest{Origin: "https://app.example.com", SourceTemplateTags: []string{"crm"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token, len(token) > 20)
	// Output: [REDACTED] true
}

func ExampleWorkspace_DeleteConnector() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	ws := c.DefaultWorkspace()
	slack, err := ws.Connector(ctx, "slack")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ws.DeleteConnector(ctx, slack.ID()); err != nil {
		log.Fatal(err)
	}
	if _, err := slack.WaitDeleted(ctx, client.Polling{}); err != nil {
		log.Fatal(err)
	}
	infos, err := ws.ListConnectors(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(infos), "connectors are left")
	// Output: 5 connectors are left
}

func ExampleConnector_Delete() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	slack, err := c.DefaultWorkspace().Connector(ctx, "slack")
	if err != nil {
		log.Fatal(err)
	}
	jobID, err := slack.Delete(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("deleting:", jobID != "")
	// Output: deleting: true
}

func ExampleConnector_WaitDeleted() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	ws := c.DefaultWorkspace()
	slack, err := ws.Connector(ctx, "slack")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := slack.Delete(ctx); err != nil {
		log.Fatal(err)
	}
	last, err := slack.WaitDeleted(ctx, client.Polling{Limit: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	_, err = ws.Connector(ctx, "slack")
	fmt.Println("gone:", last == nil, errors.Is(err, client.ErrConnectorNotFound))
	// Output: gone: true true
}

func ExampleDefinitions_GetSource() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	github, err := c.Definitions().FindSource(ctx, "github")
	if err != nil {
		log.Fatal(err)
	}
	details, err := c.Definitions().GetSource(ctx, github.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(details.Name, len(details.Spec.Schema) > 0)
	// Output: GitHub true
}

func ExampleDefinitions_FindDestination() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	bigquery, err := c.Definitions().FindDestination(ctx, "bigquery")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bigquery.Name)
	// Output: BigQuery
}

func ExampleDefinitions_GetDestination() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	bigquery, err := c.Definitions().FindDestination(ctx, "bigquery")
	if err != nil {
		log.Fatal(err)
	}
	details, err := c.Definitions().GetDestination(ctx, bigquery.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(details.Name, len(details.Spec.Schema) > 0)
	// Output: BigQuery true
}

func ExampleSourceTemplates_Get() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	templates, err := c.SourceTemplates().List(ctx, client.SourceTemplateFilter{})
	if err != nil {
		log.Fatal(err)
	}
	template, err := c.SourceTemplates().Get(ctx, templates[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(template.Name, template.DefaultConfig["start_date"])
	// Output: Zendesk for Example Corp 2026-01-01T00:00:00Z
}

func ExampleSourceTemplates_Delete() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	templates, err := c.SourceTemplates().List(ctx, client.SourceTemplateFilter{})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.SourceTemplates().Delete(ctx, templates[0].ID); err != nil {
		log.Fatal(err)
	}
	templates, err = c.SourceTemplates().List(ctx, client.SourceTemplateFilter{})
	fmt.Println(len(templates), err)
	// Output: 0 <nil>
}

// The configuration of the destination may contain secrets, so printing hides
// it.
func ExampleConnectionTemplates_Get() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	templates, err := c.ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{})
	if err != nil {
		log.Fatal(err)
	}
	template, err := c.ConnectionTemplates().Get(ctx, templates[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(template.DestinationName, template.Hosting, template.DestinationConfig)
	// Output: Lake user_hosted [REDACTED]
}

func ExampleConnectionTemplates_Delete() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	templates, err := c.ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.ConnectionTemplates().Delete(ctx, templates[0].ID); err != nil {
		log.Fatal(err)
	}
	_, err = c.ConnectionTemplates().Get(ctx, templates[0].ID)
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output: true
}

func ExampleOAuthApps_Delete() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	// Connectors of this kind use Airbyte's own app again.
	if err := c.OAuthApps().Delete(ctx, "salesforce"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("done")
	// Output: done
}

func ExampleSkills_Docs() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	for skill, err := range c.Skills().Search(ctx, "github") {
		if err != nil {
			log.Fatal(err)
		}
		docs, err := c.Skills().Docs(ctx, skill.ID, "")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(docs.Skill.Title, len(docs.Outline) > 0)
		break
	}
	// Output: Engineering true
}

func ExampleWorkflows_List() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	workflows := c.DefaultWorkspace().Workflows()
	list, err := workflows.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range list {
		fmt.Println(w.Name)
	}
	// Output: Weekly report
}

func ExampleWorkflows_Get() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	workflows := c.DefaultWorkspace().Workflows()
	list, err := workflows.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	w, err := workflows.Get(ctx, list[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Name)
	// Output: Weekly report
}

func ExampleWorkflows_Delete() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	workflows := c.DefaultWorkspace().Workflows()
	list, err := workflows.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := workflows.Delete(ctx, list[0].ID); err != nil {
		log.Fatal(err)
	}
	_, err = workflows.Get(ctx, list[0].ID)
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output: true
}

func ExampleAutomations_List() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	workflows := c.DefaultWorkspace().Workflows()
	all, err := workflows.ListAutomations(ctx)
	if err != nil {
		log.Fatal(err)
	}
	automations := workflows.Automations(all[0].WorkflowID)
	list, err := automations.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range list {
		fmt.Println(a.TriggerType, a.CronExpression)
	}
	// Output: schedule 0 0 7 ? * MON
}

func ExampleAutomations_Get() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	workflows := c.DefaultWorkspace().Workflows()
	all, err := workflows.ListAutomations(ctx)
	if err != nil {
		log.Fatal(err)
	}
	automations := workflows.Automations(all[0].WorkflowID)
	a, err := automations.Get(ctx, all[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.Enabled, a.Timezone)
	// Output: true Europe/Berlin
}

func ExampleAutomations_Create() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	workflows := c.DefaultWorkspace().Workflows()
	all, err := workflows.ListAutomations(ctx)
	if err != nil {
		log.Fatal(err)
	}
	automations := workflows.Automations(all[0].WorkflowID)
	a, err := automations.Create(ctx, client.AutomationRequest{CronExpression: "0 0 6 * * ?", Timezone: "UTC"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.TriggerType, a.Enabled)
	// Output: schedule true
}

func ExampleAutomations_Delete() {
	ctx := context.Background()
	c, done := inMemoryClient()
	defer done()
	workflows := c.DefaultWorkspace().Workflows()
	all, err := workflows.ListAutomations(ctx)
	if err != nil {
		log.Fatal(err)
	}
	automations := workflows.Automations(all[0].WorkflowID)
	if err := automations.Delete(ctx, all[0].ID); err != nil {
		log.Fatal(err)
	}
	list, err := automations.List(ctx)
	fmt.Println(len(list), err)
	// Output: 0 <nil>
}
