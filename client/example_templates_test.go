package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// templatesSandbox returns an in-memory service and the options for using it. A program
// with an account needs neither.
func templatesSandbox() (*agentstest.Server, []client.Option) {
	fake := agentstest.NewServer()
	return fake, []client.Option{client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)}
}

func ExampleDefinitions_FindSource() {
	ctx := context.Background()
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	zendesk, err := c.Definitions().FindSource(ctx, "zendesk-support")
	if err != nil {
		log.Fatal(err)
	}
	details, err := c.Definitions().GetSource(ctx, zendesk.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(details.Name, details.SupportLevel)
	for _, question := range details.ExampleQuestions.Search {
		fmt.Println(question)
	}
	// Output:
	// Zendesk Support certified
	// Which open tickets mention refunds?
}

func ExampleDefinitions_FindSource_notFound() {
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Definitions().FindSource(context.Background(), "zendesk")
	fmt.Println(errors.Is(err, client.ErrNotFound), err)
	// Output: true client: find source definition: no source definition is called "zendesk"; similar: zendesk-support
}

func ExampleDefinitions_ListSources() {
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	sources, err := c.Definitions().ListSources(context.Background(), client.SourceDefinitionFilter{Name: "hub"})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range sources {
		fmt.Println(s.Slug, s.Name)
	}
	// Output:
	// github GitHub
	// hubspot HubSpot
}

func ExampleDefinitions_ListDestinations() {
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	destinations, err := c.Definitions().ListDestinations(context.Background(), client.DestinationDefinitionFilter{})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range destinations {
		fmt.Println(d.Name)
	}
	// Output:
	// BigQuery
	// Postgres
	// S3
}

func ExampleSourceTemplates_List() {
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	// List the templates that Airbyte provides to everyone. Without options,
	// List returns the organization's own.
	templates, err := c.SourceTemplates().List(context.Background(), client.SourceTemplateFilter{Tags: []string{"crm", "support"}, Global: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range templates {
		fmt.Println(t.Slug, t.Mode)
	}
	// Output:
	// hubspot MULTI
	// salesforce MULTI
	// zendesk-support MULTI
}

func ExampleSourceTemplates_ListGlobal() {
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	templates, err := c.SourceTemplates().ListGlobal(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(templates), templates[1].Name)
	// Output: 12 GitHub
}

func ExampleSourceTemplates_Create() {
	ctx := context.Background()
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	jira, err := c.Definitions().FindSource(ctx, "jira")
	if err != nil {
		log.Fatal(err)
	}
	template, err := c.SourceTemplates().Create(ctx, client.SourceTemplateRequest{
		DefinitionID:  jira.ID,
		Name:          "Jira of the customer",
		Mode:          client.SourceTemplateMulti,
		DefaultConfig: map[string]any{"start_date": "2026-01-01T00:00:00Z"}, // users need not provide it
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(template.Name, template.Mode)
	// Output: Jira of the customer MULTI
}

func ExampleSourceTemplates_Update() {
	ctx := context.Background()
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	templates, err := c.SourceTemplates().List(ctx, client.SourceTemplateFilter{})
	if err != nil {
		log.Fatal(err)
	}
	changed, err := c.SourceTemplates().Update(ctx, templates[0].ID, client.SourceTemplateChange{
		Customization: client.Value(client.SourceTemplateCustomization{
			StreamSelectionMode: new(gen.StreamSelectionModeWhitelist),
			StreamWhitelist:     []string{"tickets"},
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(changed.Name, changed.Customization.StreamWhitelist)
	// Output: Zendesk for Example Corp [tickets]
}

func ExampleConnectionTemplates_List() {
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	templates, err := c.ConnectionTemplates().List(context.Background(), client.ConnectionTemplateFilter{})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range templates {
		fmt.Println(t.DestinationName, t.Hosting)
	}
	// Output:
	// Lake user_hosted
	// Airbyte storage airbyte_hosted
}

func ExampleConnectionTemplates_Create() {
	ctx := context.Background()
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	postgres, err := c.Definitions().FindDestination(ctx, "Postgres")
	if err != nil {
		log.Fatal(err)
	}
	template, err := c.ConnectionTemplates().Create(ctx, client.ConnectionTemplateRequest{
		Hosting:                 client.UserHosted,
		DestinationName:         "Warehouse",
		DestinationDefinitionID: postgres.ID,
		DestinationConfig:       map[string]any{"host": "db.example.com", "database": "sales", "password": "of the database"},
		CronExpression:          "0 0 7 ? * MON",
		NonBreakingChanges:      client.ChangesPropagateColumns,
	})
	if err != nil {
		log.Fatal(err)
	}
	// Printing hides the configuration.
	fmt.Println(template.DestinationName, template.DestinationConfig["host"], template.DestinationConfig)
	// Output: Warehouse db.example.com [REDACTED]
}

func ExampleConnectionTemplates_Create_airbyteHosted() {
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	template, err := c.ConnectionTemplates().Create(context.Background(), client.ConnectionTemplateRequest{
		Hosting:        client.AirbyteHosted,
		CronExpression: "0 0 * * * ?",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(template.Hosting, template.CronExpression)
	// Output: airbyte_hosted 0 0 * * * ?
}

func ExampleConnectionTemplates_Update() {
	ctx := context.Background()
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	templates, err := c.ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{Tags: []string{"lake"}})
	if err != nil {
		log.Fatal(err)
	}
	changed, err := c.ConnectionTemplates().Update(ctx, templates[0].ID, client.ConnectionTemplateChange{
		CronExpression: client.Null[string](), // removes the schedule
		SyncOnCreate:   new(false),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %q %t\n", changed.DestinationName, changed.CronExpression, *changed.SyncOnCreate)
	// Output: Lake "" false
}

func ExampleConnectionTemplates_DescribeCron() {
	ctx := context.Background()
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	words, err := c.ConnectionTemplates().DescribeCron(ctx, "0 0 7 ? * MON")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(words)
	_, err = c.ConnectionTemplates().DescribeCron(ctx, "every now and then")
	fmt.Println(errors.Is(err, client.ErrInvalid))
	// Output:
	// At 07:00, on Monday
	// true
}

func ExampleOAuthApps_Set() {
	ctx := context.Background()
	fake, opts := templatesSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	// Salesforce issued these credentials for the organization's own OAuth app.
	// They have nothing to do with the credentials of the client.
	app, err := c.OAuthApps().Set(ctx, client.OAuthAppRequest{
		ConnectorType: "salesforce",
		Configuration: map[string]any{"client_id": "3MVG9-example", "client_secret": "of the OAuth app"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(app.Kind, app.Scope)

	// Return to Airbyte's own app.
	if err := c.OAuthApps().Delete(ctx, "salesforce"); err != nil {
		log.Fatal(err)
	}
	// Output: source organization
}
