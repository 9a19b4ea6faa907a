package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
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

func ExampleConnector_Details() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	details, err := github.Details(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(details.Name, details.Slug, len(details.Entities) == 0)
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
	details, err := github.Update(ctx, change)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(details.Name, len(details.Entities))

	// An empty list, not a nil one, removes the selection.
	details, err = github.Update(ctx, client.ConnectorChange{Entities: client.Value([]client.RequestedEntity{})})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(details.Name, len(details.Entities))
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
	details, err := github.Details(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(check.OK(), details.Name)
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
	// per_page integer false
	// after string false
}

// The definition is a document in OpenAPI 3.1; this program only looks at its size.
func ExampleConnector_Prepare() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	github, err := client.Connect(ctx, "github", opts...)
	if err != nil {
		log.Fatal(err)
	}
	definition, err := github.Prepare(ctx, "issues", "list", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(definition) > 1000)
	// Output: true
}

// A page of the program sends the user's browser to the URL that StartOAuth returns,
// and another page of it, at the RedirectURL, reads what the browser comes back with.
func ExampleWorkspace_StartOAuth() {
	ctx := context.Background()
	fake, opts := connectorSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	consentURL, err := ws.StartOAuth(ctx, client.OAuthRequest{ConnectorType: "Zendesk Support", RedirectURL: "https://app.example.com/connected"})
	if err != nil {
		log.Fatal(err)
	}

	// What the browser does. The user of the in-memory service always consents.
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(consentURL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		log.Fatal(err)
	}

	// In the handler of /connected, this is the query of the request.
	id, err := client.ConsentResult(back.Query())
	if err != nil {
		log.Fatal(err)
	}
	details, err := ws.ConnectorByID(id).Details(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(details.Name)
	// Output: Zendesk for Example Corp
}

func ExampleConsentResult() {
	_, err := client.ConsentResult(url.Values{"error": {"access_denied"}, "error_description": {"The user pressed Cancel"}})
	if refused := (*client.Error)(nil); errors.Is(err, client.ErrNoConsent) && errors.As(err, &refused) {
		fmt.Println(refused.Code, "-", refused.Message)
	}
	// Output: access_denied - The user pressed Cancel
}
