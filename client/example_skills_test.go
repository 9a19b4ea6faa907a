package client_test

import (
	"context"
	"fmt"
	"log"
	"strings"

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
	for _, section := range outline.Outline {
		if strings.HasPrefix(section.ID, "actions.users.") {
			fmt.Println(section.ID)
		}
	}
	section, err := github.Docs(ctx, "actions.users.list")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(section)
	// Output:
	// actions.users.list
	// actions.users.get
	// ## Users: list
	//
	// A page has 10 records by default, and 100 at most.
	//
	// | Parameter | Type | Required | Description |
	// | --- | --- | --- | --- |
	// | per_page | integer |  | records on a page |
	// | after | string |  | where the page before ended, as its metadata says |
	//
	// ```json
	// {"entity": "users", "action": "list", "params": {"per_page": 10}}
	// ```
}
