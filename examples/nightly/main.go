// Nightly copies records of all connectors of an organization to files, several
// connectors at a time, and says at the end what it has and what it has not. If anything
// failed, its exit status is 1, and the rest was copied nevertheless.
//
// If AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET are set in the environment, it uses
// Airbyte Agents. If neither is set, it uses an in-memory service that it starts itself,
// in which one connector has lost its access.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	dir := flag.String("dir", "", "write the files into this `directory`; by default, a new one")
	workers := flag.Int("workers", 4, "copy from this `number` of connectors at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *dir, *workers, os.Stdout, os.Stderr)
	if err != nil {
		log.Fatal(err)
	}
	if !ok {
		os.Exit(1)
	}
}

// run copies, prints the summary, and reports whether nothing failed.
func run(ctx context.Context, dir string, workers int, out, progress io.Writer) (ok bool, err error) {
	opts := []client.Option{
		// The night is long: wait when a vendor asks for it, and sit out short outages.
		client.WithMaxRetryAfter(15 * time.Minute),
		client.WithMaxRetries(5),
	}
	if os.Getenv(auth.EnvClientID) == "" && os.Getenv(auth.EnvClientSecret) == "" {
		fmt.Fprintln(out, "No credentials in the environment: using an in-memory service.")
		fake := agentstest.NewServer(agentstest.WithConnector("customer-7", agentstest.Connector{
			Slug: "zendesk-support", Name: "Helpdesk", Fail: "Zendesk responded with 401: the API token was revoked",
		}))
		defer fake.Close()
		opts = append(opts,
			client.WithBaseURL(fake.URL),
			client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithOrganizationID(agentstest.OrganizationID), // instead of that in the environment
		)
	}
	c, err := client.New(opts...)
	if err != nil {
		return false, err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "nightly-"); err != nil {
			return false, err
		}
		fmt.Fprintln(progress, "writing into", dir)
	}
	summary, err := copyAll(ctx, c, dir, workers, progress)
	if err != nil {
		return false, err
	}
	fmt.Fprint(out, summary)
	return len(summary.failures) == 0, nil
}
