// Quickstart lists the connectors of a workspace, connects to GitHub and
// iterates over its issues, page by page.
//
// If AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET are set in the environment, it
// uses Airbyte Agents. If neither is set, it uses an in-memory service that it
// starts itself.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// An Issue has the fields of a GitHub issue that this program uses.
type Issue struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	State  string `json:"state"`
}

// maxRows is the number of issues after which the program stops, since a real
// repository has many.
const maxRows = 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	wire := &counter{next: http.DefaultTransport}
	opts := []client.Option{client.WithHTTPClient(&http.Client{Transport: wire})}
	if os.Getenv(auth.EnvClientID) == "" && os.Getenv(auth.EnvClientSecret) == "" {
		fmt.Println("No credentials in the environment: using an in-memory service.")
		fake := agentstest.NewServer()
		defer fake.Close()
		opts = append(opts,
			client.WithBaseURL(fake.URL),
			client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithOrganizationID(agentstest.OrganizationID), // instead of that in the environment
			client.WithWorkspaceName(agentstest.WorkspaceName),
		)
	}

	workspace, err := client.NewWorkspace(opts...)
	if err != nil {
		return err
	}
	progress("Asking for the connectors …")
	connectors, err := workspace.ListConnectors(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("Connectors of workspace %q:\n", workspace.Name())
	for _, c := range connectors {
		fmt.Printf("  %-16s %s\n", c.Slug, c.Name)
	}

	github, err := workspace.Connector(ctx, "github")
	if err != nil {
		return err
	}
	progress("Asking GitHub for its issues …")
	fmt.Println("Issues:")
	rows := 0
	for issue, err := range client.All[Issue](ctx, github, "issues", "list", client.Params{"per_page": 10}) {
		if err != nil {
			return err
		}
		fmt.Printf("  #%-5d %-6s %s\n", issue.Number, issue.State, issue.Title)
		if rows++; rows == maxRows {
			break
		}
	}
	fmt.Printf("%d rows from %d pages; %d token request(s)\n", rows, wire.pages.Load(), wire.tokens.Load())
	return nil
}

// progress tells somebody who waits at a terminal what for.
func progress(what string) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintln(os.Stderr, what)
	}
}

// A counter counts the requests for the summary.
type counter struct {
	next          http.RoundTripper
	tokens, pages atomic.Int64
}

func (c *counter) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case strings.HasSuffix(req.URL.Path, "/applications/token"):
		c.tokens.Add(1)
	case strings.HasSuffix(req.URL.Path, "/execute"):
		c.pages.Add(1)
	}
	return c.next.RoundTrip(req)
}
