package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// start returns a service that is called in memory, and a client for it. All settings
// are given, so that none comes from the environment.
func start(t *testing.T, opts ...agentstest.Option) (*agentstest.Service, *client.Client) {
	t.Helper()
	fake := agentstest.New(opts...)
	c, err := client.New(
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}),
		client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName("default"),
		client.WithMaxRetryAfter(15*time.Minute),
	)
	if err != nil {
		t.Fatal(err)
	}
	return fake, c
}

// files returns the names of the files in a directory, and the number of their lines.
func files(t *testing.T, dir string) (names []string, lines int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, entry.Name())
		lines += bytes.Count(text, []byte("\n"))
	}
	return names, lines
}

func TestCopyAll(t *testing.T) {
	_, c := start(t, agentstest.WithConnector("customer-7", agentstest.Connector{Slug: "acme"}))
	dir := t.TempDir()
	var progress strings.Builder
	got, err := copyAll(t.Context(), c, dir, 3, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if want := "copied: 111 records of 9 connectors\nskipped: 1 of acme\n"; got.String() != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if names, lines := files(t, dir); len(names) != 9 || lines != got.records {
		t.Errorf("%d lines in %q", lines, names)
	}
	for _, line := range []string{"begin  customer-42/Frontend\n", "copied customer-42/Frontend: 15 issues\n"} {
		if !strings.Contains(progress.String(), line) {
			t.Errorf("no line %q in\n%s", line, &progress)
		}
	}
}

// What fails is said, and does not keep the rest from being copied.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := start(t, agentstest.WithConnector("customer-7", agentstest.Connector{
			ID: "11111111-0000-4000-8000-000000000007", Slug: "stripe", Name: "Shop", Fail: "Stripe responded with 401: the key was revoked",
		}))
		fake.Inject(agentstest.Fault{Entity: "tickets", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"600"}}})
		fake.Inject(agentstest.Fault{Entity: "contacts", Status: http.StatusPaymentRequired})
		dir := t.TempDir()
		old := filepath.Join(dir, "11111111-0000-4000-8000-000000000007.jsonl")
		if err := os.WriteFile(old, []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		got, err := copyAll(t.Context(), c, dir, 2, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		text := got.String()
		for _, part := range []string{
			"copied: 99 records of 8 connectors\n",
			"failed: customer-7/Shop: client: execute customers.list: Stripe responded with 401: the key was revoked",
			"failed: default/Marketing: client: execute contacts.list: 402 Payment Required",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("no %q in\n%s", part, text)
			}
		}
		if n := strings.Count(text, "failed: "); n != 2 {
			t.Errorf("%d failures in\n%s", n, text)
		}
		if took := time.Since(begin); took < 10*time.Minute {
			t.Errorf("it took %v, and did not wait as it was asked to", took)
		}
		if names, lines := files(t, dir); len(names) != 9 || lines != 100 { // the old file is still there
			t.Errorf("%d lines in %q", lines, names)
		}
		if n := fake.PendingFaults(); n > 0 {
			t.Errorf("%d faults were not met", n)
		}
	})
}

// A service that does not look at the query sends the same accounts again.
func TestSameAccountsAgain(t *testing.T) {
	fake, c := start(t)
	fake.Inject(agentstest.Fault{Entity: "accounts", Action: "list", Times: -1, Body: `{"status":"success","result":[{"Id":"001"}],"connector_metadata":{"done":true},"execution_metadata":{}}`})
	got, err := copyAll(t.Context(), c, t.TempDir(), 1, io.Discard)
	if err != nil || len(got.failures) != 1 || !strings.Contains(got.failures[0].err.Error(), "the page came again") {
		t.Error(got, err)
	}
}

// At most so many connectors are copied at a time, and that many are.
func TestWorkers(t *testing.T) {
	for _, workers := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			fake, c := start(t)
			fake.Inject(agentstest.Fault{Operation: "executeConnector", Times: -1, Delay: time.Second})
			begin := time.Now()
			if _, err := copyAll(t.Context(), c, t.TempDir(), workers, io.Discard); err != nil {
				t.Fatal(err)
			}
			// Nine connectors, each of which has one page, except that of Salesforce, which has three.
			if took, want := time.Since(begin), time.Duration((11+workers-1)/workers)*time.Second; took != want {
				t.Errorf("%d workers took %v, want %v", workers, took, want)
			}
		})
	}
	_, c := start(t)
	if _, err := copyAll(t.Context(), c, t.TempDir(), 0, io.Discard); err == nil {
		t.Error("no workers, and no error")
	}
}

// What a run that was interrupted did not copy is a failure.
func TestInterrupted(t *testing.T) {
	_, c := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	got, err := copyAll(ctx, c, dir, 1, writer(func(line string) {
		if strings.HasPrefix(line, "copied") {
			cancel()
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got.connectors != 1 || len(got.failures) == 0 {
		t.Error(got)
	}
	for _, f := range got.failures {
		if !errors.Is(f.err, context.Canceled) {
			t.Errorf("%s: %v", f.what, f.err)
		}
	}
	if names, _ := files(t, dir); len(names) != 1 {
		t.Error(names)
	}
}

type writer func(string)

func (w writer) Write(p []byte) (int, error) { w(string(p)); return len(p), nil }

func TestWrongCredentials(t *testing.T) {
	fake, c := start(t)
	fake.SetClientSecret(agentstest.ClientID, "another")
	got, err := copyAll(t.Context(), c, t.TempDir(), 2, io.Discard)
	if err != nil || got.connectors > 0 || len(got.failures) != 1 || !errors.Is(got.failures[0].err, client.ErrUnauthorized) {
		t.Error(got, err)
	}
}

// Without credentials, there is something to see, and something that fails.
func TestRun(t *testing.T) {
	t.Setenv("AIRBYTE_CLIENT_ID", "")
	t.Setenv("AIRBYTE_CLIENT_SECRET", "")
	var out strings.Builder
	ok, err := run(t.Context(), t.TempDir(), 4, &out, io.Discard)
	if ok || err != nil {
		t.Error(ok, err)
	}
	want := `No credentials in the environment: using an in-memory service.
copied: 111 records of 9 connectors
failed: customer-7/Helpdesk: client: execute tickets.list: Zendesk responded with 401: the API token was revoked (connector zendesk-support `
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}
