// Backend is the HTTP backend of an application with many tenants, each of which has a
// workspace of its own. A tenant connects its Stripe account, whose key is checked
// first, reads its customers page by page, and disconnects it, for example to connect it
// again with another key. The handlers are in backend.go, and
// main_test.go tests them without an account, in good times and in bad ones.
//
// If AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET are set in the environment, it uses
// Airbyte Agents. If neither is set, it uses an in-memory service that it starts itself.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "listen on `host:port`; port 0 is any free port")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// tenants are the workspaces of the tenants by their API keys. A real backend knows its
// users from a login.
var tenants = map[string]string{"key-of-acme": "example-acme", "key-of-globex": "example-globex"}

// run serves until ctx is done.
func run(ctx context.Context, addr string, out io.Writer) error {
	var opts []client.Option
	if os.Getenv(auth.EnvClientID) == "" && os.Getenv(auth.EnvClientSecret) == "" {
		fmt.Fprintln(out, "No credentials in the environment: using an in-memory service.")
		fake := agentstest.NewServer()
		defer fake.Close()
		opts = []client.Option{
			client.WithBaseURL(fake.URL),
			client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
			client.WithOrganizationID(agentstest.OrganizationID), // instead of that in the environment
		}
	}
	// All processes of a backend share the key for cursors, so that each can open what
	// another has sealed: openssl rand -base64 32
	key := cmp.Or(os.Getenv("BACKEND_CURSOR_KEY"), rand.Text())
	b, err := newBackend(tenants, auth.Secret(key), slog.Default(), opts...)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `Listening. In another terminal:
  curl -H 'Authorization: Bearer key-of-acme' -X PUT -d '{"api_key": "invalid"}' http://%[1]s/stripe
  curl -H 'Authorization: Bearer key-of-acme' -X PUT -d '{"api_key": "sk_test_1"}' http://%[1]s/stripe
  curl -H 'Authorization: Bearer key-of-acme' http://%[1]s/customers
  curl -H 'Authorization: Bearer key-of-acme' -X DELETE http://%[1]s/stripe
  curl http://%[1]s/metrics
Stop it with Ctrl-C.
`, l.Addr())
	server := &http.Server{Handler: b.handler(), ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped // once the requests in progress are answered
}
