package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// skillsSandbox returns an in-memory service and the options for using it. A program
// with an account needs neither.
func skillsSandbox() (*agentstest.Server, []client.Option) {
	fake := agentstest.NewServer()
	return fake, []client.Option{client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)}
}

func ExampleSkills_All() {
	ctx := context.Background()
	fake, opts := skillsSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	info, err := ws.Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for skill, err := range ws.Client().Skills().InWorkspace(info.ID).All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(skill.Title, "-", skill.Kind)
	}
	// Output:
	// Getting started - static
	// Context Store search - static
	// Engineering - connector_source
	// Marketing - connector_source
	// Sales - connector_source
	// Company chat - connector_source
	// Payments - connector_source
	// Support desk - connector_source
}

func ExampleSkills_Search() {
	ctx := context.Background()
	fake, opts := skillsSandbox()
	defer fake.Close()
	c, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	skills := c.Skills()
	for skill, err := range skills.Search(ctx, "context store") {
		if err != nil {
			log.Fatal(err)
		}
		docs, err := skills.Docs(ctx, skill.ID, "operators")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(docs)
	}
	// Output:
	// ## Operators
	//
	// | Operator | Meaning |
	// | --- | --- |
	// | eq, neq | equal, not equal |
	// | gt, gte, lt, lte | order |
	// | in | one of several |
	// | startswith, endswith, contains, fuzzy, keyword | text |
	// | array_contains | arrays |
	// | and, or, not | conditions together |
	//
	// ```json
	// {"query": {"filter": {"eq": {"status": "open"}}, "sort": [{"created_at": "desc"}]}, "limit": 10}
	// ```
}

// A model reads the outline and then requests a section by its ID.
func ExampleConnector_Docs() {
	ctx := context.Background()
	fake, opts := skillsSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	outline, err := github.Docs(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(outline)
	section, err := github.Docs(ctx, "entities.issues")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("----")
	fmt.Println(section)
	// Output:
	// # Engineering
	//
	// Actions of GitHub.
	//
	// Read a section for the actions on an entity and their parameters.
	//
	// ## Sections
	//
	// - `entities.files` Files
	// - `entities.issues` Issues
	// - `entities.repositories` Repositories
	// - `entities.users` Users
	// ----
	// ## Issues
	//
	// A page has 10 records by default, and 100 at most.
	//
	// | Action | Required | Optional |
	// | --- | --- | --- |
	// | list |  | per_page, after |
	// | get | number |  |
	// | api_search |  | query, per_page, after |
	// | search |  | query, per_page, after |
	// | context_store_search | query or semantic | limit, cursor, fields |
	// | context_store_sql_query | sql | limit |
	// | create |  | assignee, body, closed_at, comments, created_at, html_url, id, labels, number, state, title, updated_at, user |
	// | update | number | assignee, body, closed_at, comments, created_at, html_url, id, labels, state, title, updated_at, user |
	// | delete | number |  |
	//
	// ```json
	// {"entity": "issues", "action": "list", "params": {"per_page": 10}}
	// ```
}
