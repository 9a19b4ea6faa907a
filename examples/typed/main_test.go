package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/examples/typed/acmedesk"
)

func Example() {
	main()
	// Output:
	// 1 Subject 1 of tickets 5 Jan
	// 7 Subject 7 of tickets 11 Jan
	// 10 Subject 10 of tickets 14 Jan
	// 3 tickets
	// created: It does not start
	// found: It starts
}

// connect connects to a service with the document's connector.
func connect(t *testing.T, opts ...agentstest.Option) (*acmedesk.Connector, *agentstest.Server) {
	t.Helper()
	fake := agentstest.NewServer(append(opts, agentstest.WithDocument(description))...)
	t.Cleanup(fake.Close)
	desk, err := acmedesk.Connect(t.Context(),
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	)
	if err != nil {
		t.Fatal(err)
	}
	return desk, fake
}

// What the compiler lets through, the service takes, and what it sends back fits the
// types: all methods of the package.
func TestEveryMethod(t *testing.T) {
	desk, _ := connect(t)
	ctx := t.Context()
	count := func(name string, want int, all func(yield func(error) bool)) {
		t.Helper()
		n := 0
		for err := range all {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			n++
		}
		if n != want {
			t.Errorf("%s yields %d records, want %d", name, n, want)
		}
	}
	tickets := acmedesk.TicketsListParams{Project: "web", Limit: 5, IncludeClosed: new(false)}
	count("Tickets.All", 12, errs(desk.Tickets.All(ctx, tickets)))
	count("Audits.All", 12, errs(desk.Audits.All(ctx, acmedesk.AuditsListParams{})))
	count("Audits.All of a ticket", 12, errs(desk.Audits.All(ctx, acmedesk.AuditsListParams{TicketID: 1})))
	count("Connector.All", 12, errs(desk.Connector.All(ctx, acmedesk.ConnectorListParams{})))
	count("Limits.All", 1, errs(desk.Limits.All(ctx)))
	count("Summaries.All", 1, errs(desk.Summaries.All(ctx)))
	count("Type.All", 12, errs(desk.Type.All(ctx)))
	count("Macros.Search", 12, errs(desk.Macros.Search(ctx, client.Query{PageSize: 5})))
	count("Tickets.Search", 12, errs(desk.Tickets.Search(ctx, client.Query{Sort: []client.SortKey{client.Descending(acmedesk.TicketsFieldClosedAt)}})))

	list, result, err := desk.Tickets.List(ctx, tickets)
	if err != nil || len(list) != 5 || !result.Page().HasNext {
		t.Fatalf("List: %d records, %v, %v", len(list), result, err)
	}
	next, err := result.NextParams(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if second, _, err := desk.Tickets.List(ctx, acmedesk.TicketsListParams{Extra: next}); err != nil || len(second) != 5 || second[0].ID != 6 {
		t.Errorf("the second page has %v, %v", second, err)
	}
	first := list[0]
	if first.ID != 1 || first.Score == nil || *first.Score != 0.5 || first.CreatedAt.IsZero() || first.Requester == nil || first.Custom.Team == "" || first.Labels["first"] == "" {
		t.Errorf("the first ticket is %+v", first)
	}
	if fourth := list[3]; fourth.Score != nil || fourth.Subject != "" || fourth.Requester != nil {
		t.Errorf("the fourth ticket is %+v", fourth)
	}
	if got, err := desk.Tickets.Get(ctx, acmedesk.TicketsGetParams{TicketID: 2}); err != nil || got.ID != 2 {
		t.Errorf("Get: %+v, %v", got, err)
	}
	created, err := desk.Tickets.Create(ctx, acmedesk.TicketsCreateParams{
		Subject: "s", Type: "t", Private: new(true), AssigneeID: client.Null[int64](), Parts: []acmedesk.TicketsCreateParts{{Kind: "k", Body: new("")}},
	})
	if err != nil || created.Subject != "s" || created.Type != "t" || created.Private == nil || !*created.Private {
		t.Errorf("Create: %+v, %v", created, err)
	}
	updated, err := desk.Tickets.Update(ctx, acmedesk.TicketsUpdateParams{TicketID: created.ID, Subject: client.Null[string]()})
	if err != nil || updated.Subject != "" {
		t.Errorf("Update: %+v, %v", updated, err)
	}
	if raw, result, err := desk.Tickets.Archive(ctx, acmedesk.TicketsArchiveParams{TicketID: 2}); err != nil || len(raw) == 0 || result == nil {
		t.Errorf("Archive: %s, %v", raw, err)
	}
	file, err := desk.Tickets.Download(ctx, acmedesk.TicketsDownloadParams{TicketID: 3})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(file); err != nil || string(text) != "The file of ticket 3.\n" {
		t.Errorf("Download: %q, %v", text, err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if err := desk.Tickets.Delete(ctx, acmedesk.TicketsDeleteParams{TicketID: created.ID}); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if _, err := desk.Tickets.Get(ctx, acmedesk.TicketsGetParams{TicketID: created.ID}); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("Get of what is gone: %v", err)
	}
	if desk.Client().Slug() != "acme-desk" {
		t.Errorf("the slug is %q", desk.Client().Slug())
	}
}

func errs[T any](all func(yield func(T, error) bool)) func(yield func(error) bool) {
	return func(yield func(error) bool) {
		all(func(_ T, err error) bool { return yield(err) })
	}
}

// A test has records of its own, and faults.
func TestOwnRecords(t *testing.T) {
	desk, fake := connect(t, agentstest.WithConnector(agentstest.WorkspaceName, agentstest.Connector{
		Slug:     "acme-desk",
		Entities: map[string]agentstest.Entity{"tickets": {Records: []map[string]any{{"id": 41, "subject": "Help", "createdAt": "2026-01-02"}}}},
	}))
	list, _, err := desk.Tickets.List(t.Context(), acmedesk.TicketsListParams{Project: "web"})
	if err != nil || len(list) != 1 || list[0].ID != 41 || list[0].CreatedAt.Day() != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	fake.Inject(agentstest.Fault{Entity: "tickets", Action: "create", Status: http.StatusForbidden})
	if _, err := desk.Tickets.Create(t.Context(), acmedesk.TicketsCreateParams{Subject: "s", Type: "t"}); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("the error is %v", err)
	}
}

// A required parameter that is empty is refused before anything is sent, one that the
// document does not have by the service.
func TestParams(t *testing.T) {
	desk, fake := connect(t)
	before := fake.Count("executeConnector")
	_, err := desk.Tickets.Create(t.Context(), acmedesk.TicketsCreateParams{Subject: "s"})
	var refused *client.Error
	if !errors.As(err, &refused) || !errors.Is(err, client.ErrInvalid) || len(refused.Fields) != 1 || refused.Fields[0].Field != "type" || fake.Count("executeConnector") != before {
		t.Errorf("the error is %v", err)
	}
	_, err = desk.Tickets.Get(t.Context(), acmedesk.TicketsGetParams{TicketID: 1, Extra: client.Params{"verbose": true}})
	if !errors.Is(err, client.ErrInvalid) || fake.Count("executeConnector") != before+1 {
		t.Errorf("the error is %v", err)
	}
}

// The whole of a service that is down is one error.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
