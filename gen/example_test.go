package gen_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// The raw client needs a token, which the program fetches and attaches itself.
// Package client does this, and its method API returns such a client.
func Example() {
	fake := agentstest.NewServer() // instead of https://api.airbyte.ai
	defer fake.Close()
	ctx := context.Background()

	var bearer string
	api, err := gen.NewClientWithResponses(fake.URL, gen.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		return nil
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := api.CreateTokenWithResponse(ctx, nil, gen.TokenRequest{
		ClientID:     agentstest.ClientID,
		ClientSecret: agentstest.ClientSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if token.JSON200 == nil {
		fmt.Println("create token:", token.Status())
		return
	}
	bearer = token.JSON200.AccessToken

	workspaces, err := api.ListWorkspacesWithResponse(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if workspaces.JSON200 == nil {
		fmt.Println("list workspaces:", workspaces.Status())
		return
	}
	for _, w := range workspaces.JSON200.Data {
		fmt.Println(w.Name, w.Status)
	}
	// Output:
	// default active
	// customer-42 active
}
