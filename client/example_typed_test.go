package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// What follows is generated code in small: agents-gen writes such types and variables.

type TypedIssue struct {
	Number int64       `json:"number"`
	Title  string      `json:"title"`
	At     client.Time `json:"created_at"`
}

type TypedListParams struct {
	State   string        `json:"state,omitzero"`
	PerPage int64         `json:"per_page,omitzero"`
	Extra   client.Params `json:"-"`
}

type TypedFileParams struct {
	ID string `json:"id"`
}

var typedIssuesList = client.Action{Entity: "issues", Name: "list", Paging: []client.Paging{{Params: []client.PageParam{
	{Name: "per_page", Role: client.PageSize, Integer: true, Default: "30"},
	{Name: "after", Role: client.PageCursor, Fed: true},
}}}}

// typedSandbox connects to an in-memory service. A program with an account calls
// client.Connect alone.
func typedSandbox(slug string) (*agentstest.Server, *client.Connector) {
	fake := agentstest.NewServer()
	conn, err := client.Connect(context.Background(), slug, client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		log.Fatal(err)
	}
	return fake, conn
}

func ExampleListOf() {
	fake, github := typedSandbox("github")
	defer fake.Close()
	issues, _, err := client.ListOf[TypedIssue](context.Background(), github, &typedIssuesList, TypedListParams{State: "open", PerPage: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, issue := range issues {
		fmt.Println(issue.Number, issue.Title)
	}
	// Output:
	// 14 Show the request id in errors
	// 13 Flaky test in the scheduler
}

func ExampleAllOf() {
	fake, github := typedSandbox("github")
	defer fake.Close()
	n := 0
	for _, err := range client.AllOf[TypedIssue](context.Background(), github, &typedIssuesList, TypedListParams{PerPage: 4}) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n)
	// Output: 15
}

func ExampleValueOf() {
	fake, github := typedSandbox("github")
	defer fake.Close()
	get := client.Action{Entity: "issues", Name: "get"}
	issue, err := client.ValueOf[TypedIssue](context.Background(), github, &get, struct {
		Number int64 `json:"number"`
	}{14})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(issue.Title)
	// Output: Show the request id in errors
}

func ExampleSearchOf() {
	fake, github := typedSandbox("github")
	defer fake.Close()
	query := client.Query{Filter: client.Where("state").Eq("open")}
	for issue, err := range client.SearchOf[TypedIssue](context.Background(), github, "issues", query) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(issue.Number)
		break
	}
	// Output: 14
}

func ExampleAction_Run() {
	fake, github := typedSandbox("github")
	defer fake.Close()
	get := client.Action{Entity: "issues", Name: "get"}
	_, err := get.Run(context.Background(), github, struct {
		Owner string `json:"owner"` // without omitzero, it is required
	}{})
	fmt.Println(errors.Is(err, client.ErrInvalid), err)
	// Output: true client: execute issues.get: parameters are empty that are required; owner: required
}

func ExampleAction_Download() {
	fake, github := typedSandbox("github")
	defer fake.Close()
	fake.Inject(agentstest.Fault{
		Operation: "executeConnector", Status: http.StatusOK, Body: "month,sales\n",
		Header: http.Header{"Content-Type": {"text/csv"}, "Content-Disposition": {`attachment; filename="report.csv"`}},
	})
	download := client.Action{Entity: "reports", Name: "download"}
	file, err := download.Download(context.Background(), github, TypedFileParams{ID: "7"})
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	fmt.Println(file.Filename)
	// Output: report.csv
}
