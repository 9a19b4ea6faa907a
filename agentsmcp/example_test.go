package agentsmcp_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agentsmcp"
	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A server for one workspace, in the process of its client.
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
	here, there := mcp.NewInMemoryTransports() // or an mcp.StdioTransport
	if _, err := agentsmcp.NewServer(ws, agenttools.WithAllow("github")).Connect(ctx, here, nil); err != nil {
		log.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "example"}, nil).Connect(ctx, there, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	for tool, err := range session.Tools(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tool.Name)
	}
	// Output:
	// describe_actions
	// list_connectors
	// next_page
	// read_records
}

func ExampleNewServer() {
	ws, err := client.NewWorkspace(client.WithCredentials("id", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	server := agentsmcp.NewServer(ws, agentsmcp.Confirm("auto"), agenttools.WithPrefix("airbyte_"))
	_ = server // server.Run(ctx, &mcp.StdioTransport{})
	fmt.Println("ready")
	// Output: ready
}

// Each customer of a program has a workspace, and sees no other.
func ExampleHandler() {
	ctx := context.Background()
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(client.WithScopedToken(), // gives access to this workspace and no other
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.SecondWorkspaceName),
	)
	if err != nil {
		log.Fatal(err)
	}
	customers := map[string]*client.Workspace{"Bearer token-of-42": ws} // a real program has more of them
	handler := agentsmcp.Handler(func(r *http.Request) (*client.Workspace, string, error) {
		ws, ok := customers[r.Header.Get("Authorization")]
		if !ok {
			return nil, "", errors.New("no such customer")
		}
		return ws, ws.Name(), nil
	})
	srv := httptest.NewServer(handler)
	defer srv.Close()
	for _, token := range []string{"token-of-42", "guess"} {
		httpClient := &http.Client{Transport: bearer(token)}
		session, err := mcp.NewClient(&mcp.Implementation{Name: "example"}, nil).Connect(ctx, &mcp.StreamableClientTransport{Endpoint: srv.URL, HTTPClient: httpClient}, nil)
		if err != nil {
			fmt.Println(token, "is refused")
			continue
		}
		res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "list_connectors", Arguments: map[string]any{"query": "github"}})
		if err != nil {
			log.Fatal(err)
		}
		heading, _, _ := strings.Cut(res.Content[0].(*mcp.TextContent).Text, "\n")
		fmt.Println(token, "sees", heading)
		_ = session.Close()
	}
	// Output:
	// token-of-42 sees workspace customer-42: connectors 1 to 2
	// guess is refused
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func ExampleConfirm() {
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
	here, there := mcp.NewInMemoryTransports()
	if _, err := agentsmcp.NewServer(ws, agentsmcp.Confirm("always")).Connect(ctx, here, nil); err != nil {
		log.Fatal(err)
	}
	dialog := func(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
		fmt.Println(req.Params.Message)
		return &mcp.ElicitResult{Action: "decline"}, nil
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "example"}, &mcp.ClientOptions{ElicitationHandler: dialog}).Connect(ctx, there, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "write_records", Arguments: map[string]any{
		"connector": "stripe", "entity": "customers", "action": "delete", "params": `{"id":"cus_0001"}`,
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Content[0].(*mcp.TextContent).Text)
	// Output:
	// Run "delete" on "customers" of "Payments" ("stripe") in the workspace "default"?
	//
	// Params: {
	//   "id": "cus_0001"
	// }
	// {"error":"the write was not confirmed: the user said no; nothing was changed","retryable":false,"hint":"do not try it again, unless the user asks for it"}
}
