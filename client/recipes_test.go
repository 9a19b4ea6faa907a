package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

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

// Workspaces and tenants: a key is replaced, also after an attempt that failed and where
// a race has left several connectors of the name.
func TestRecipeReplaceKey(t *testing.T) {
	accepts := func(_ string, config map[string]any) error {
		if config["api_key"] == "stolen" {
			return errors.New("the key was revoked")
		}
		return nil
	}
	fake := agentstest.NewServer(agentstest.WithDeleteDelay(time.Hour), agentstest.WithCredentialCheck(accepts))
	defer fake.Close()
	ws, err := client.NewWorkspace(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.SecondWorkspaceName), client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	with := func(key string) client.CreateConnectorRequest {
		return client.CreateConnectorRequest{Name: "payments", ConnectorType: "stripe", Credentials: client.Configuration{"api_key": key}}
	}
	ids := map[string]bool{}
	for range 3 { // as a race makes them
		info, err := ws.CreateConnector(t.Context(), with("old"))
		if err != nil {
			t.Fatal(err)
		}
		ids[info.ID] = true
	}
	_, err = ws.Connector(t.Context(), "payments")
	wantKinds(t, err, "ErrConnectorAmbiguous")

	sent := fake.Count("createConnector")
	if _, err := replace(t.Context(), ws, with("stolen")); err == nil || err.Error() != "the key was revoked" {
		t.Error(err)
	}
	if _, err := ws.Connector(t.Context(), "payments"); err == nil || fake.Count("createConnector") != sent {
		t.Error("a bad key changed something")
	}
	for _, fault := range []agentstest.Fault{
		{Operation: "updateConnector", After: 1, Status: 500},
		{Operation: "createConnector", Status: 500},
		{Operation: "deleteConnector", After: 1, Status: 500},
	} {
		fake.Inject(fault)
		if _, err := replace(t.Context(), ws, with("new")); err == nil {
			t.Errorf("no error in spite of %+v", fault)
		}
	}
	conn, err := replace(t.Context(), ws, with("new"))
	if err != nil || ids[conn.ID()] {
		t.Fatal(conn, err)
	}
	if found, err := ws.Connector(t.Context(), "payments"); err != nil || found.ID() != conn.ID() {
		t.Error(found, err)
	}
	if n := fake.PendingFaults(); n > 0 {
		t.Errorf("%d faults were not met", n)
	}
	// The rest is being deleted: to delete it once more changes nothing.
	infos, err := ws.ListConnectors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, info := range infos {
		if info.Name == "payments (replaced)" {
			left++
		}
	}
	if deleted := fake.Count("deleteConnector"); left != 4 || deleted < left {
		t.Errorf("%d are left, and %d were deleted", left, deleted)
	}
}

// replace puts a new connector in the place of that with the name of the request, or of those. After an error, it can be repeated.
func replace(ctx context.Context, ws *client.Workspace, request client.CreateConnectorRequest) (*client.Connector, error) {
	check, err := ws.CheckConnector(ctx, request) // is the key good? Nothing has changed so far
	if err != nil {
		return nil, err
	}
	if !check.OK() {
		return nil, errors.New(check.Reason())
	}
	infos, err := ws.ListConnectors(ctx)
	if err != nil {
		return nil, err
	}
	old := request.Name + " (replaced)"
	for _, info := range infos {
		if info.Name == request.Name {
			if _, err := ws.ConnectorFrom(info).Update(ctx, client.ConnectorChange{Name: old}); err != nil {
				return nil, err
			}
		}
	}
	created, _, err := ws.EnsureConnector(ctx, request)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if info.Name == request.Name || info.Name == old { // also what an attempt that failed has left
			if _, err := ws.ConnectorFrom(info).Delete(ctx); err != nil && !errors.Is(err, client.ErrConnectorNotFound) {
				return nil, err
			}
		}
	}
	return ws.ConnectorFrom(*created), nil
}

// Workspaces and tenants: which name finds a connector, and how.
func TestRecipeNames(t *testing.T) {
	fake := agentstest.NewServer(agentstest.WithoutSeed(),
		agentstest.WithConnector("acme", agentstest.Connector{Slug: "github", Name: "Code"}),
		agentstest.WithConnector("acme", agentstest.Connector{Slug: "stripe", Name: "github"}),
		agentstest.WithConnector("globex", agentstest.Connector{Slug: "slack", Name: "Chat"}),
	)
	defer fake.Close()
	c, err := client.New(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithOrganizationID(agentstest.OrganizationID))
	if err != nil {
		t.Fatal(err)
	}
	acme, globex := c.Workspace("acme"), c.Workspace("globex")
	for name, slug := range map[string]string{"github": "github", "code": "github", "CODE": "github", "stripe": "stripe"} {
		if conn, err := acme.Connector(t.Context(), name); err != nil || conn.Slug() != slug {
			t.Errorf("%s: %v %v, want %s", name, conn, err, slug)
		}
	}
	request := client.CreateConnectorRequest{Name: "code", ConnectorType: "github", Credentials: client.Configuration{"token": "t"}}
	if _, created, err := acme.EnsureConnector(t.Context(), request); err != nil || !created {
		t.Errorf("EnsureConnector took Code for code: %v", err)
	}

	chat, err := globex.Connector(t.Context(), "chat")
	if err != nil {
		t.Fatal(err)
	}
	_, err = acme.Connector(t.Context(), chat.ID())
	wantKinds(t, err, "ErrNotFound+ErrConnectorNotFound")
	if _, err := acme.DeleteConnector(t.Context(), chat.ID()); err != nil {
		t.Errorf("another workspace's connector: %v; the page says that it is deleted", err)
	}
	narrow, err := client.NewWorkspace(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName("globex"), client.WithScopedToken())
	if err != nil {
		t.Fatal(err)
	}
	code, err := acme.Connector(t.Context(), "stripe")
	if err != nil {
		t.Fatal(err)
	}
	_, err = narrow.DeleteConnector(t.Context(), code.ID())
	wantKinds(t, err, "ErrNotFound+ErrConnectorNotFound")
}

// Calls and paging: the accounts of Salesforce, by a query.
func TestRecipeSalesforce(t *testing.T) {
	fake := agentstest.NewServer(agentstest.WithStrictParams())
	defer fake.Close()
	salesforce, err := client.Connect(t.Context(), "salesforce", client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for record, err := range client.All[account](t.Context(), salesforce, "accounts", "list", client.Params{"q": soql("")}, client.WithPager(byID)) {
		if err != nil || record.ID == "" || seen[record.ID] {
			t.Fatal(record, err)
		}
		seen[record.ID] = true
	}
	if len(seen) != 12 {
		t.Errorf("%d accounts", len(seen))
	}
	// A service that does not look at the query.
	fake.Inject(agentstest.Fault{Entity: "accounts", Times: -1, Body: `{"status":"success","result":[{"Id":"001"}],"connector_metadata":{"done":true},"execution_metadata":{}}`})
	var last error
	for _, err := range client.All[account](t.Context(), salesforce, "accounts", "list", client.Params{"q": soql("")}, client.WithPager(byID)) {
		last = err
	}
	wantText(t, last, "the page came again")

	// There is no size of a page, which is known before anything is sent.
	sent := fake.Count("executeConnector")
	_, err = salesforce.Execute(t.Context(), "accounts", "list", nil, client.WithRecordsPerPage(100))
	wantKinds(t, err, "ErrInvalid")
	if e := asError(t, err); e.StatusCode != 0 || fake.Count("executeConnector") != sent {
		t.Errorf("status %d, %d requests", e.StatusCode, fake.Count("executeConnector")-sent)
	}
}

type account struct {
	ID string `json:"Id"`
}

// soql asks for the accounts after an Id. With FIELDS(…), Salesforce wants a LIMIT of at most 200.
func soql(after string) string {
	where := ""
	if after != "" {
		where = "WHERE Id > '" + after + "' "
	}
	return "SELECT FIELDS(STANDARD) FROM Account " + where + "ORDER BY Id LIMIT 200"
}

// byID is a client.Pager.
func byID(page *client.Result, params client.Params) (client.Params, error) {
	last := ""
	for record, err := range client.Rows[account](page) {
		if err != nil {
			return nil, err
		}
		last = record.ID
	}
	query := soql(last)
	switch {
	case last == "":
		return nil, nil // an empty page ends the list
	case params["q"] == query:
		return nil, errors.New("the page came again") // with a Pager, nobody else notices
	}
	params["q"] = query
	return params, nil
}
