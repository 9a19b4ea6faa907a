package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func ExampleSkills_All() {
	ctx := context.Background()
	fake, opts := sandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	info, err := ws.Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for skill, err := range ws.Client().Skills().All(ctx, client.InWorkspace(info.ID)) {
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
	fake, opts := sandbox()
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
	// | like, fuzzy, keyword | text |
	// | contains, any | arrays |
	// | and, or, not | conditions together |
	//
	// ```json
	// {"query": {"filter": {"eq": {"status": "open"}}, "sort": [{"created_at": "desc"}]}, "limit": 10}
	// ```
}

// A model reads the outline and then requests a section by its id.
func ExampleConnector_Docs() {
	ctx := context.Background()
	fake, opts := sandbox()
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
	// Actions of GitHub on files, issues, repositories, users.
	//
	// # GitHub
	//
	// Actions of GitHub on files, issues, repositories, users. Read a section for the parameters of an entity.
	//
	// - files
	// - issues
	// - repositories
	// - users
	//
	// ## Sections
	//
	// - `entities.files` Files: Actions on files.
	// - `entities.issues` Issues: Actions on issues.
	// - `entities.repositories` Repositories: Actions on repositories.
	// - `entities.users` Users: Actions on users.
	// ----
	// ## Issues
	//
	// A page has 10 records unless asked otherwise.
	//
	// | Action | Parameters |
	// | --- | --- |
	// | list | per_page, after |
	// | get | number |
	// | api_search | per_page, after |
	// | search | per_page, after |
	// | context_store_search | query or semantic, limit, cursor, fields |
	// | create | — |
	// | update | number |
	// | delete | number |
	//
	// ```json
	// {"entity": "issues", "action": "list", "params": {"per_page": 10}}
	// ```
}
