package client_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/calls"
)

// TestEveryOperationHasAWrapper makes all calls of package client. It checks
// that each operation of the contract is requested by the wrapper that is
// listed with it, that the wrapper logs it under its name, and that a write is
// sent once when the service responds with 503, while a read is retried, and that {} is
// not taken for the response that the contract requires. A wrapper called Delete returns
// nothing of the response, so it may be anything.
func TestEveryOperationHasAWrapper(t *testing.T) { synctest.Test(t, everyOperation) }

func everyOperation(t *testing.T) {
	ctx := t.Context()
	fake := agentstest.New()
	var log logOf
	opts := []client.Option{client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithLogger(slog.New(&log))}
	c := makeClient(t, fake.Transport(), opts...)
	scoped := makeClient(t, fake.Transport(), append(opts, client.WithScopedToken())...)
	called := map[string]bool{}
	call := func(operation, wrapper string, f func() error) {
		t.Helper()
		if wrapper != "any call" && wrapper != "Workspace.ScopedToken" { // token fetches have retries of their own
			fake.Reset()
			fake.Inject(agentstest.Fault{Operation: operation, Times: -1, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": nil}})
			if err := f(); !errors.Is(err, client.ErrServer) {
				t.Errorf("%s in an outage: %v", wrapper, err)
			}
			fake.ClearFaults()
			outage, counted := fake.Requests(), fake.Count(operation)
			fake.Inject(agentstest.Fault{Operation: operation, Times: -1, Status: http.StatusOK, Body: "{}"})
			if err := f(); !errors.Is(err, client.ErrBadResponse) && !strings.HasSuffix(wrapper, ".Delete") {
				t.Errorf("%s, to which the service responds {}: %v", wrapper, err)
			}
			fake.ClearFaults()
			for _, r := range outage {
				want := 1
				if r.Method == http.MethodGet || client.IsRead(r.Action) || operation == "prepareExecution" {
					want = 3
				}
				if r.Operation == operation && counted != want {
					t.Errorf("%s: %s was sent %d times in an outage, want %d", wrapper, operation, counted, want)
				}
			}
		}
		fake.Reset()
		log.lines = nil
		if err := f(); err != nil {
			t.Fatalf("%s: %v", wrapper, err)
		}
		if fake.Count(operation) == 0 {
			t.Errorf("%s does not call %s", wrapper, operation)
		}
		var sent []string
		for _, r := range fake.Requests() {
			if wrapper != "any call" && wrapper != "Workspace.ScopedToken" && r.Operation != "createToken" {
				sent = append(sent, r.Operation+" "+r.Method+" "+r.Path)
			}
		}
		if sent != nil && operation != "getScopedTokenInfo" && !slices.Equal(log.lines, sent) {
			t.Errorf("%s sent %q and logged %q", wrapper, sent, log.lines)
		}
		called[operation] = true
	}

	call("createToken", "any call", func() error { _, err := c.Workspace(agentstest.WorkspaceName).ListConnectors(ctx); return err })
	calls.Every(ctx, calls.On{Client: c, Scoped: scoped}, call)

	for _, id := range agentstest.Operations() {
		if !called[id] {
			t.Errorf("no wrapper for %s", id)
		}
	}
}

// A logOf records which requests were logged.
type logOf struct{ lines []string }

func (l *logOf) Enabled(context.Context, slog.Level) bool { return true }
func (l *logOf) Handle(_ context.Context, r slog.Record) error {
	line := make([]string, 3)
	r.Attrs(func(a slog.Attr) bool {
		if i := slices.Index([]string{"operation", "method", "path"}, a.Key); i >= 0 {
			line[i] = a.Value.String()
		}
		return true
	})
	if r.Message == "airbyte request" {
		l.lines = append(l.lines, strings.Join(line, " "))
	}
	return nil
}
func (l *logOf) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *logOf) WithGroup(string) slog.Handler      { return l }

// walk iterates over a list to its end.
func walk[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}
