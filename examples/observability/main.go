// Observability shows what a program can observe of its calls: a span for each
// request, created by wrapping the transport with otelhttp; the log records of
// the SDK; and token fetches. It is a separate module, so that the SDK does not
// depend on OpenTelemetry.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()

	spans := tracetest.NewInMemoryExporter() // a real program has one that sends them somewhere
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	defer provider.Shutdown(ctx) //nolint:errcheck // nothing is left to send

	github, err := client.Connect(ctx, "github",
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
		client.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(client.NewTransport(), otelhttp.WithTracerProvider(provider))}),
		client.WithLogger(slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: steady}))),
		client.WithTokenObserver(func(f auth.FetchReport) { fmt.Println("token fetched after", f.Attempts, "attempt(s), error:", f.Err) }),
	)
	if err != nil {
		return err
	}
	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusServiceUnavailable})
	if _, err := github.Execute(ctx, "issues", "list", nil); err != nil {
		return err
	}
	for _, s := range spans.GetSpans() {
		fmt.Println("span", s.Name, s.Status.Code)
	}
	return nil
}

// steady leaves out what differs between runs.
func steady(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey, "duration", "pause", "request_id", "path", "bytes":
		return slog.Attr{}
	}
	return a
}
