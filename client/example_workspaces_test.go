package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// workspaceSandbox returns an in-memory service and the options for using it. A program
// with an account needs neither.
func workspaceSandbox() (*agentstest.Server, []client.Option) {
	fake := agentstest.NewServer()
	return fake, []client.Option{client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)}
}

// workspaceClient returns a client of an in-memory service, which done closes. A program
// with an account calls client.New without options.
func workspaceClient() (c *client.Client, done func()) {
	fake := agentstest.NewServer()
	c, err := client.New(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		log.Fatal(err)
	}
	return c, fake.Close
}

func ExampleClient_Workspaces() {
	c, done := workspaceClient()
	defer done()
	for ws, err := range c.Workspaces(context.Background(), client.WorkspaceFilter{NameContains: "customer", Status: client.WorkspaceActive}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(ws.Name, ws.OrganizationID == agentstest.OrganizationID)
	}
	// Output: customer-42 true
}

func ExampleClient_WorkspaceInfo() {
	ctx := context.Background()
	c, done := workspaceClient()
	defer done()
	info, err := c.Workspace("customer-42").Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	same, err := c.WorkspaceInfo(ctx, info.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(same.Name, same.Status)
	// Output: customer-42 active
}

func ExampleClient_WorkspaceStats() {
	c, done := workspaceClient()
	defer done()
	stats, err := c.WorkspaceStats(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Total, "workspaces,", stats.Active, "of them active")
	// Output: 2 workspaces, 2 of them active
}

func ExampleClient_Organizations() {
	c, done := workspaceClient()
	defer done()
	all, err := c.Organizations(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range all {
		fmt.Println(o.Name)
	}
	// Output:
	// Example Corp
	// Example Labs
}

// A program can use several organizations, each with its own client.
func ExampleWithOrganizationID() {
	ctx := context.Background()
	fake, opts := workspaceSandbox()
	defer fake.Close()
	for _, id := range []string{agentstest.OrganizationID, agentstest.SecondOrganizationID} {
		ws, err := client.NewWorkspace(append(opts, client.WithOrganizationID(id))...)
		if err != nil {
			log.Fatal(err)
		}
		connectors, err := ws.ListConnectors(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(ws.Name(), len(connectors))
	}
	// Output:
	// default 6
	// default 1
}

func ExampleWorkspace_Update() {
	ctx := context.Background()
	c, done := workspaceClient()
	defer done()
	ws := c.Workspace("customer-42")
	// Turn the context store off. With null, the setting of the organization
	// would apply.
	info, err := ws.Update(ctx, client.WorkspaceChange{Status: client.WorkspaceInactive, ContextStore: client.Value(false)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Status, *info.ContextStore)
	// Output: inactive false
}

func ExampleWorkspace_Delete() {
	ctx := context.Background()
	c, done := workspaceClient()
	defer done()
	if err := c.Workspace("customer-42").Delete(ctx); err != nil {
		log.Fatal(err)
	}
	_, err := c.Workspace("customer-42").Info(ctx)
	fmt.Println(err)
	// Output: client: find workspace: no workspace is called "customer-42"; Ensure creates it
}

// A program that was given the token of a workspace asks what the token gives
// access to.
func ExampleClient_TokenScope() {
	ctx := context.Background()
	fake, opts := workspaceSandbox()
	defer fake.Close()
	mine, err := client.New(opts...)
	if err != nil {
		log.Fatal(err)
	}
	tok, err := mine.Workspace("customer-42").ScopedToken(ctx)
	if err != nil {
		log.Fatal(err)
	}

	theirs, err := client.New(client.WithBaseURL(fake.URL), client.WithTokenSource(auth.Static(tok.AccessToken)))
	if err != nil {
		log.Fatal(err)
	}
	scope, err := theirs.TokenScope(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(scope.WorkspaceName)
	// Output: customer-42
}

// The state of the context store of every connector, in one list.
func ExampleClient_OrganizationConnectors() {
	c, done := workspaceClient()
	defer done()
	for conn, err := range c.OrganizationConnectors(context.Background(), agentstest.OrganizationID) {
		if err != nil {
			log.Fatal(err)
		}
		if conn.WorkspaceName == "customer-42" {
			fmt.Println(conn.Name, conn.ContextStore, conn.Entities)
		}
	}
	// Output:
	// Customer payments ready 3
	// Backend ready 2
	// Frontend ready 2
}

// Count the connectors whose records cannot be searched yet.
func ExampleClient_ContextStores() {
	c, done := workspaceClient()
	defer done()
	connectors, waiting := 0, 0
	for conn, err := range c.ContextStores(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		if connectors++; conn.ContextStore != client.ContextStoreReady {
			waiting++
		}
	}
	fmt.Println(waiting, "of", connectors)
	// Output: 0 of 9
}
