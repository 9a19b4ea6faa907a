package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// The recipes of the pages in docs, as they are written there.

// desk returns a connector with thirty open tickets, five on a page.
func desk(t *testing.T, paging agentstest.Paging) (*agentstest.Service, *client.Connector) {
	t.Helper()
	tickets := make([]map[string]any, 30)
	for i := range tickets {
		tickets[i] = map[string]any{"id": i + 1, "subject": "help", "status": "open"}
	}
	fake := agentstest.NewServer(agentstest.WithoutSeed(), agentstest.WithConnector("support", agentstest.Connector{
		Slug: "acme", Entities: map[string]agentstest.Entity{"tickets": {Records: tickets, Paging: paging, PageSize: 5}},
	}))
	t.Cleanup(fake.Close)
	ws, err := client.NewWorkspace(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName("support"), client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ws.Connector(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	return fake.Service, conn
}

type deskTicket struct {
	ID int `json:"id"`
}

// Calls and paging: a loop that changes what it lists misses records, and one that
// collects the IDs first does not.
func TestRecipeCollectThenWrite(t *testing.T) {
	shut := func(t *testing.T, conn *client.Connector, id int) {
		t.Helper()
		if _, err := conn.Execute(t.Context(), "tickets", "update", client.Params{"id": id, "status": "closed"}); err != nil {
			t.Fatal(err)
		}
	}
	open := client.Params{"status": "open"}
	left := func(t *testing.T, conn *client.Connector) (ids []int) {
		t.Helper()
		for ticket, err := range client.All[deskTicket](t.Context(), conn, "tickets", "list", open) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, ticket.ID)
		}
		return ids
	}
	for _, paging := range []agentstest.Paging{agentstest.PagingPage, agentstest.PagingOffset, agentstest.PagingCursor} {
		_, conn := desk(t, paging)
		for ticket, err := range client.All[deskTicket](t.Context(), conn, "tickets", "list", open) {
			if err != nil {
				t.Fatal(err)
			}
			shut(t, conn, ticket.ID)
		}
		if n := len(left(t, conn)); n != 15 {
			t.Errorf("%s: %d tickets are left open, and the page says that every other page is missed", paging, n)
		}
		_, conn = desk(t, paging)
		for _, id := range left(t, conn) {
			shut(t, conn, id)
		}
		if ids := left(t, conn); len(ids) > 0 {
			t.Errorf("%s: %v are left open", paging, ids)
		}
	}
}

// Calls and paging: where a loop goes on after it was interrupted, and where it cannot.
func TestRecipeResume(t *testing.T) {
	_, conn := desk(t, agentstest.PagingPage)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := map[int]bool{}
	var params client.Params
	for ticket, err := range client.All[deskTicket](ctx, conn, "tickets", "list", client.Params{"status": "open"}) {
		if e, ok := errors.AsType[*client.Error](err); ok && e.Params != nil {
			if e.Retryable {
				t.Error("a call whose ctx was canceled counts as one to repeat at once; mend the page")
			}
			params = e.Params
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if seen[ticket.ID] = true; len(seen) == 7 {
			cancel()
		}
	}
	stored, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(stored, &params); err != nil || params == nil {
		t.Fatal(string(stored), err)
	}
	for ticket, err := range client.All[deskTicket](t.Context(), conn, "tickets", "list", params) {
		if err != nil || seen[ticket.ID] {
			t.Error(ticket.ID, err)
		}
		seen[ticket.ID] = true
	}
	if len(seen) != 30 {
		t.Errorf("%d tickets", len(seen))
	}

	fake, conn := desk(t, agentstest.PagingPage)
	last := func(opts ...client.ExecuteOption) *client.Error {
		var last error
		for _, err := range client.All[struct {
			ID bool `json:"id"`
		}](t.Context(), conn, "tickets", "list", nil, opts...) {
			if last = err; err != nil {
				break
			}
		}
		return asError(t, last)
	}
	if e := last(); e.Params != nil || len(asMisfit(t, e).Raw) == 0 {
		t.Errorf("a record that does not fit: %v", e.Params)
	}
	fake.Inject(agentstest.Fault{Entity: "tickets", Status: 503})
	if e := last(); e.Params != nil || !e.Retryable {
		t.Errorf("the first page, without parameters: %v", e.Params)
	}
}

// asMisfit returns the RecordError in err.
func asMisfit(t *testing.T, err error) *client.RecordError {
	t.Helper()
	misfit, ok := errors.AsType[*client.RecordError](err)
	if !ok {
		t.Fatalf("%v is no RecordError", err)
	}
	return misfit
}
