package agenttools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// The loop that every program has around a model. Here, a script stands in for it.
func Example() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws)
	for _, t := range set.Tools() {
		fmt.Println("offered:", t.Name)
	}
	out := set.Call(ctx, "read_records", json.RawMessage(
		`{"connector":"github","entity":"issues","action":"list","params":"{\"per_page\":2}","fields":["number","title"]}`))
	for line := range strings.Lines(out.Text) {
		if !strings.Contains(line, "data-") && !strings.HasPrefix(line, "next_page ") { // both differ each time
			fmt.Print(line)
		}
	}
	// Output:
	// offered: list_connectors
	// offered: describe_actions
	// offered: read_records
	// offered: next_page
	// github.issues.list: records 1 to 2
	// number,title
	// 15,Timeouts are not configurable
	// 14,Show the request id in errors
}

func ExampleNew() {
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws, agenttools.WithPrefix("airbyte_"), agenttools.WithMaxOutput(8_000), agenttools.WithAllow("github", "stripe.customers"))
	fmt.Println(set)
	// Output: agenttools.Set{client.Workspace{"default"}}
}

func ExampleSet_Tools() {
	ws, err := client.NewWorkspace(client.WithCredentials("id", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range agenttools.New(ws, agenttools.WithWrites(nil)).Tools() {
		fmt.Println(t.Name, t.ReadOnly)
	}
	fmt.Printf("%s\n", agenttools.New(ws).Tools()[0].Schema)
	// Output:
	// list_connectors true
	// describe_actions true
	// read_records true
	// next_page true
	// write_records false
	// {"type":"object","properties":{"query":{"type":"string"}},"required":["query"],"additionalProperties":false}
}

func ExampleSet_Call() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws)
	out := set.Call(ctx, "read_records", json.RawMessage(`{"connector":"gihub","entity":"issues","action":"list","params":"","fields":[]}`))
	fmt.Println(out.IsError, out.Retryable)
	fmt.Println(out.Text)
	// Output:
	// true false
	// {"error":"there is no connector gihub","retryable":false,"hint":"did you mean github? the connectors are github, hubspot, salesforce, slack, stripe, zendesk-support","problems":[{"field":"connector","message":"there is none of that name"}]}
}

func ExampleSet_Instructions() {
	ws, err := client.NewWorkspace(client.WithCredentials("id", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	first, _, _ := strings.Cut(agenttools.New(ws).Instructions(), ".")
	fmt.Println(first)
	// Output: These tools work with the business systems that are connected to a workspace
}

func ExampleSet_Unmatched() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws, agenttools.WithAllow("github.issues", "githb.users", "stripe.custmers.list", "!*.*.delete"))
	patterns, err := set.Unmatched(ctx)
	fmt.Println(patterns, err)
	// Output: [githb.users stripe.custmers.list] <nil>
}

func ExampleSet_Writes() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws, agenttools.WithWrites(nil), agenttools.WithAllow("github.issues", "!*.*.delete"))
	actions, known, err := set.Writes(ctx, "github")
	fmt.Println(actions, known, err)
	// Output: [issues.create issues.update] true <nil>
}

func ExampleSet_Docs() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	out := agenttools.New(ws).Docs(ctx, "github", "actions.users.list")
	first, _, _ := strings.Cut(out.Text, "\n")
	fmt.Println(first)
	// Output: ## Users: list
}

func ExampleSet_Err() {
	ws, err := client.NewWorkspace(client.WithCredentials("id", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(agenttools.New(ws, agenttools.WithAllow("github..list")).Err())
	// Output: agenttools: the pattern "github..list" has an empty name; it must be a connector, connector.entity or connector.entity.action, each of them a name or *, after a ! if it denies
}

func ExampleWithWrites() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws, agenttools.WithWrites(func(_ context.Context, a agenttools.Action) error {
		fmt.Println("asking the user about", a, a.Params)
		if a.Name == "delete" {
			return fmt.Errorf("the user does not want this")
		}
		return nil
	}))
	for _, args := range []string{
		`{"connector":"slack","entity":"messages","action":"create","params":"{\"channel\":\"C00002\",\"text\":\"hello\"}"}`,
		`{"connector":"stripe","entity":"customers","action":"delete","params":"{\"id\":\"cus_0001\"}"}`,
	} {
		out := set.Call(ctx, "write_records", json.RawMessage(args))
		first, _, _ := strings.Cut(out.Text, "\n")
		fmt.Println(first)
	}
	// Output:
	// asking the user about slack.messages.create of "Company chat" map[channel:C00002 text:hello]
	// slack.messages.create: records 1 to 1
	// asking the user about stripe.customers.delete of "Payments" map[id:cus_0001]
	// {"error":"the write was not confirmed: the user does not want this; nothing was changed","retryable":false,"hint":"do not try it again, unless the user asks for it"}
}

func ExampleWithAllow() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws, agenttools.WithAllow("github", "stripe.customers.list", "!github.users"))
	for _, call := range []string{
		`{"connector":"github","entity":"users","action":"list"}`,
		`{"connector":"stripe","entity":"charges","action":"list"}`,
		`{"connector":"slack","entity":"messages","action":"list"}`,
		`{"connector":"stripe","entity":"customers","action":"list"}`,
	} {
		first, _, _ := strings.Cut(set.Call(ctx, "read_records", json.RawMessage(call)).Text, "\n")
		fmt.Println(first)
	}
	// Output:
	// {"error":"github.users.list is not allowed here","retryable":false,"hint":"the entities of github are files, issues, repositories"}
	// {"error":"stripe.charges.list is not allowed here","retryable":false,"hint":"the entities of stripe are customers"}
	// {"error":"there is no connector slack","retryable":false,"hint":"the connectors are github, stripe","problems":[{"field":"connector","message":"there is none of that name"}]}
	// stripe.customers.list: records 1 to 10
}

func ExampleWithPrefix() {
	ws, err := client.NewWorkspace(client.WithCredentials("id", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(agenttools.New(ws, agenttools.WithPrefix("airbyte_")).Tools()[0].Name)
	// Output: airbyte_list_connectors
}

func ExampleWithMaxOutput() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws, agenttools.WithMaxOutput(1_000))
	out := set.Call(ctx, "read_records", json.RawMessage(`{"connector":"stripe","entity":"charges","action":"list","params":{"per_page":100}}`))
	for out.Text != "" { // what did not fit is behind the handle in the last line
		lines := strings.Split(out.Text, "\n")
		fmt.Println(lines[0], len(out.Text) <= 1_000)
		handle, more := strings.CutPrefix(lines[len(lines)-1], "next_page ")
		if !more {
			break
		}
		out = set.Call(ctx, "next_page", json.RawMessage(fmt.Sprintf(`{"page":%q}`, handle)))
	}
	// Output:
	// stripe.charges.list: records 1 to 12 true
	// stripe.charges.list: records 13 to 23 true
}

func ExampleWithObserver() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	set := agenttools.New(ws, agenttools.WithObserver(func(_ context.Context, name string, out agenttools.Output, took time.Duration) {
		fmt.Println(name, "failed:", out.IsError, "within a minute:", took < time.Minute)
	}))
	set.Call(ctx, "list_connectors", nil)
	set.Call(ctx, "next_page", json.RawMessage(`{"page":"unknown"}`))
	// Output:
	// list_connectors failed: false within a minute: true
	// next_page failed: true within a minute: true
}

func ExampleSet_For() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	connect := func() *client.Workspace {
		ws, err := client.NewWorkspace(
			client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
		)
		if err != nil {
			log.Fatal(err)
		}
		return ws
	}
	set := agenttools.New(connect())
	out := set.Call(ctx, "read_records", json.RawMessage(`{"connector":"github","entity":"issues","action":"list"}`))
	_, handle, _ := strings.Cut(out.Text, "next_page ")

	set = set.For(connect()) // for example because the credentials were rotated
	out = set.Call(ctx, "next_page", json.RawMessage(fmt.Sprintf(`{"page":%q}`, handle)))
	first, _, _ := strings.Cut(out.Text, "\n")
	fmt.Println(first)
	// Output: github.issues.list: records 11 to 15
}

func ExampleSet_Connectors() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	names, err := agenttools.New(ws, agenttools.WithAllow("!*.*.delete", "!salesforce")).Connectors(ctx)
	fmt.Println(names, err)
	// Output: [github hubspot slack stripe zendesk-support] <nil>
}
