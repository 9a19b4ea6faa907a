package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// A program resolves its credentials, shares a cache of tokens, and sends its
// requests with an Authorizer. Package client does the same.
func Example() {
	fake := agentstest.NewServer() // instead of https://api.airbyte.ai
	defer fake.Close()

	// Without explicit values, Resolve uses Configure and the environment.
	cred, err := auth.Resolve(auth.Config{
		ClientID:       agentstest.ClientID,
		ClientSecret:   agentstest.ClientSecret,
		OrganizationID: agentstest.OrganizationID,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	base, err := url.Parse(fake.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens := auth.Shared(cred, base, http.DefaultClient, nil)
	authorizer := auth.NewAuthorizer(base, tokens, http.DefaultClient, cred.OrganizationID)

	for range 3 {
		req, err := http.NewRequest(http.MethodGet, fake.URL+"/api/v1/workspaces", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp, err := authorizer.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
		fmt.Println(resp.Status)
	}
	fmt.Println("token requests:", fake.Count("createToken"))
	// Output:
	// 200 OK
	// 200 OK
	// 200 OK
	// token requests: 1
}

func ExampleResolve() {
	defer auth.Unconfigure()
	if err := auth.Configure(auth.Config{ClientID: "my-id", ClientSecret: "my-secret"}); err != nil {
		fmt.Println(err)
		return
	}
	cred, err := auth.Resolve(auth.Config{WorkspaceName: "team-a"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cred.ClientID, "from", cred.Source("client_id"))
	fmt.Println(cred.WorkspaceName, "from", cred.Source("workspace_name"))
	fmt.Println(cred.ClientSecret)
	// Output:
	// my-id from configure
	// team-a from option
	// [REDACTED]
}

func ExampleConfigure() {
	defer auth.Unconfigure()
	fmt.Println(auth.Configure(auth.Config{ClientID: "my-id", OrganizationID: "acme"}))
	// Output:
	// auth: configure: organization_id is not a UUID (like 00000000-0000-0000-0000-000000000000); ClientSecret must be given
}

func ExampleResolve_noCredentials() {
	_, err := auth.Resolve(auth.Config{ClientID: "my-id"})
	if errors.Is(err, auth.ErrNoCredentials) {
		fmt.Println(err)
	}
	// Output:
	// auth: no credentials: client_secret is missing; looked at:
	//   options: client_id is given, client_secret is not given
	//   auth.Configure: not called
	//   environment: AIRBYTE_CLIENT_ID is not set, AIRBYTE_CLIENT_SECRET is not set
	// To fix it, set AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, call auth.Configure, or pass client.WithCredentials. They are the credentials of your Airbyte application, not those of a connector. Without an account, run a service in memory: go run github.com/airbyte-agents/airbyte-agents-go/agentstest/cmd/agents-sandbox@latest
}

// A vault is a token source that a program implements itself.
type vault struct{ reads int }

func (v *vault) Token(context.Context) (*auth.Token, error) {
	v.reads++
	return &auth.Token{AccessToken: "from-the-vault", Expiry: time.Now().Add(15 * time.Minute)}, nil
}

func ExampleNewCache() {
	src := &vault{}
	cache := auth.NewCache(src, auth.WithObserver(func(f auth.FetchReport) {
		fmt.Println("fetched; early:", f.Early, "error:", f.Err)
	}))
	for range 3 {
		if _, err := cache.Token(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("reads:", src.reads)
	// Output:
	// fetched; early: false error: <nil>
	// reads: 1
}

func ExampleStatic() {
	src := auth.Static("my-token\n") // as if read from a file
	tok, err := src.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(src)
	fmt.Println(tok)
	fmt.Println(string(tok.AccessToken)) // reveals it
	// Output:
	// auth.Static([REDACTED])
	// auth.Token{AccessToken:[REDACTED], Expiry:never, OrganizationID:""}
	// my-token
}
