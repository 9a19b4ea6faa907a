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

// connectorSandbox returns an in-memory service and the options for using it. A program
// with an account needs neither.
func connectorSandbox() (*agentstest.Server, []client.Option) {
	fake := agentstest.NewServer()
	return fake, []client.Option{client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)}
}

func ExampleWorkspace_CheckConnector() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	request := client.CreateConnectorRequest{
		ConnectorType: "github",
		Credentials:   map[string]any{"token": "invalid"}, // as the customer typed it
	}
	check, err := ws.CheckConnector(ctx, request)
	if err != nil {
		log.Fatal(err) // the check could not be made
	}
	if !check.OK() {
		fmt.Println(check.Status+":", check.Message)
	}
	// Output: failed: GitHub refused the token
}

func ExampleConnector_Info() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	info, err := github.Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, info.Slug, len(info.Entities) == 0)
	// Output: Engineering github true
}

func ExampleConnector_Update() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	change := client.ConnectorChange{
		Name:     "GitHub, read only",
		Entities: client.Value([]client.RequestedEntity{{Entity: "issues", Modes: []client.EntityMode{"read"}}}),
	}
	check, err := github.CheckChange(ctx, change)
	if err != nil || !check.OK() {
		log.Fatal(check, err)
	}
	info, err := github.Update(ctx, change)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, len(info.Entities))

	// An empty list, not a nil one, removes the selection.
	info, err = github.Update(ctx, client.ConnectorChange{Entities: client.Value([]client.RequestedEntity{})})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, len(info.Entities))
	// Output:
	// GitHub, read only 1
	// GitHub, read only 0
}

func ExampleConnector_Check() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	check, err := github.Check(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(check.OK(), check.Entities[0].Entity, check.Entities[0].StatusCode)
	// Output: true files 200
}

func ExampleConnector_CheckChange() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	check, err := github.CheckChange(ctx, client.ConnectorChange{Name: "GitHub, read only"})
	if err != nil {
		log.Fatal(err)
	}
	info, err := github.Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(check.OK(), info.Name)
	// Output: true Engineering
}

func ExampleConnector_Inspect() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	in, err := github.Inspect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range in.ContextStore[:2] {
		fmt.Println(e.Entity, e.Ready, e.Count)
	}
	fmt.Println(in.Searchable("issues"), in.Searchable("invoices"))
	// Output:
	// issues true 15
	// repositories true 3
	// true false
}

func ExampleConnector_WaitSearchable() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	issues, err := github.WaitSearchable(ctx, "issues", client.Polling{Limit: time.Hour})
	if errors.Is(err, client.ErrWaitedTooLong) {
		log.Fatal("not yet: ", issues)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(issues.Status)
	// Output: ready
}

func ExampleWorkspace_WaitDeleted() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	github, err := ws.Connector(ctx, "github")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ws.DeleteConnector(ctx, github.ID()); err != nil {
		log.Fatal(err)
	}
	if _, err := ws.WaitDeleted(ctx, github.ID(), client.Polling{}); err != nil {
		log.Fatal(err)
	}
	_, err = ws.Connector(ctx, "github")
	fmt.Println(errors.Is(err, client.ErrConnectorNotFound))
	// Output: true
}

func ExampleConnector_Describe() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	d, err := github.Describe(ctx)
	if err != nil {
		log.Fatal(err)
	}
	issues, ok := d.Entity("issues")
	if !ok {
		log.Fatalf("in a form of its own: %s", d.Data)
	}
	if list, ok := issues.Action("list"); ok {
		for _, p := range list.Params {
			fmt.Println(p.Name, p.Type, p.Required)
		}
	}
	// Output:
	// after string false
	// per_page integer false
}
