package agentstest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/paging/facts"
)

// The connectors that the SDK is documented with page as their documents say.
func TestDocumentedPaging(t *testing.T) {
	_, c := start(t)
	hubspot := c.connector("default", "hubspot")
	first := c.ok(c.execute(hubspot, "contacts", "list", nil))
	if len(first.list("result")) != 10 || first.at("connector_metadata", "next_cursor") != "10" {
		t.Errorf("hubspot: %s", first.raw)
	}
	if link := first.text("connector_metadata", "next_link"); link != "https://hubspot.example.com/api/contacts?after=10&view=all" {
		t.Errorf("hubspot: a link to %s", link)
	}
	second := c.ok(c.execute(hubspot, "contacts", "list", object{"after": "10", "per_page": 1}))
	if len(second.list("result")) != 2 || second.at("connector_metadata", "next_cursor") != nil {
		t.Errorf("hubspot: %s", second.raw)
	}
	if a := c.ok(c.execute(hubspot, "contacts", "list", object{"limit": 3})); len(a.list("result")) != 3 {
		t.Errorf("hubspot: %s", a.raw)
	}
	if a := c.ok(c.execute(hubspot, "contacts", "api_search", object{"limit": 3})); len(a.list("result", "data")) != 3 || a.text("result", "meta", "total") != "12" {
		t.Errorf("hubspot: %s", a.raw)
	}
	c.refused(c.execute(hubspot, "contacts", "list", object{"after": "x"}), 422, "invalid_cursor")
	c.refused(c.execute(hubspot, "contacts", "list", object{"limit": 0}), 422, "greater_than_equal")
	zendesk := c.connector("default", "zendesk-support")
	first = c.ok(c.execute(zendesk, "tickets", "list", nil))
	if next := first.text("connector_metadata", "next_page"); next != "https://zendesk-support.example.com/api/tickets?page=2&view=all" {
		t.Errorf("zendesk: %s", first.raw)
	}
	second = c.ok(c.execute(zendesk, "tickets", "list", object{"page": 2}))
	if second.at("connector_metadata", "next_page") != nil || second.text("connector_metadata", "count") != "12" || len(second.list("result")) != 2 {
		t.Errorf("zendesk: %s", second.raw)
	}
	a := c.ok(c.execute(zendesk, "tickets", "describe", nil))
	if p := parametersOf(a.at("result", 0), "list"); len(p) != 2 || p["page"]["type"] != "integer" || p["per_page"]["type"] != "integer" {
		t.Errorf("zendesk describes %v", p)
	}
}

// What package client does with every operation of the documents is right with the fake,
// too: all records, each once, or an error after those that came.
func TestPackageClientPagesAsDocumented(t *testing.T) {
	for n, op := range facts.All() {
		size, records := 10, 34
		if p, ok := op.PageSize(); ok && p.Known && !op.Tells() {
			size = p.Default
			records = 3*size + 4
		}
		if size > 10_000 {
			continue
		}
		fake := agentstest.New(agentstest.WithoutSeed(), agentstest.WithStrictParams(), agentstest.WithConnector("w", agentstest.Connector{
			Slug: op.Slug, Entities: map[string]agentstest.Entity{op.Entities[0]: {Records: numbers(records)}},
		}))
		ws, err := client.NewWorkspace(client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithBaseURL(client.DefaultBaseURL),
			client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithWorkspaceName("w"))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := ws.Connector(t.Context(), op.Slug)
		if err != nil {
			t.Fatal(err)
		}
		came := 0
		var last error
		for r, err := range client.All[struct {
			N int `json:"n"`
		}](t.Context(), conn, op.Entities[0], op.Action, nil) {
			if last = err; err != nil {
				break
			}
			if r.N != came {
				t.Fatalf("%s %s %s: record %d, want %d", op.Slug, op.Entities[0], op.Action, r.N, came)
			}
			came++
		}
		_, turns := op.Turns()
		if last == nil && came != records || last != nil && (turns && op.Slug != "stripe" || came == 0) {
			t.Errorf("%d: %s %s %s: %d of %d records, %v", n, op.Slug, op.Entities[0], op.Action, came, records, last)
		}
	}
}

func TestStrictParams(t *testing.T) {
	_, c := start(t, agentstest.WithStrictParams())
	_, loose := start(t)
	for _, tt := range []struct {
		slug, entity, action string
		params               object
		refused              string
	}{
		{"github", "issues", "list", object{"per_page": 3, "state": "open"}, ""},
		{"github", "issues", "list", object{"limit": 3}, "limit"},
		{"github", "issues", "list", object{"after": "", "cursor": "x"}, "cursor"},
		{"github", "issues", "get", object{"number": 3}, ""},
		{"github", "issues", "get", object{"number": 3, "state": "open"}, "state"},
		{"github", "issues", "create", object{"title": "x", "milestone": 1}, ""},
		{"github", "issues", "context_store_search", object{"query": object{}, "limit": 3}, ""},
		{"github", "issues", "context_store_search", object{"query": object{}, "page_size": 3}, "page_size"},
		{"github", "files", "download", object{"id": "README.md", "_airbyte_response_type": "json", "range_header": "bytes=0-9"}, ""},
		{"hubspot", "contacts", "list", object{"limit": 3}, ""},
		{"hubspot", "contacts", "list", object{"per_page": 3}, "per_page"},
		{"zendesk-support", "tickets", "list", object{"page": 1, "per_page": 3}, ""},
		{"stripe", "customers", "list", object{"limits": 3}, "limits"},
	} {
		call := func(c *caller) *answer {
			return c.execute(c.connector("default", tt.slug), tt.entity, tt.action, tt.params)
		}
		loose.ok(call(loose))
		if tt.refused == "" {
			c.ok(call(c))
			continue
		}
		a := c.refused(call(c), 422, "extra_forbidden")
		if field := a.text("errors", 0, "field"); field != "body.params."+tt.refused || len(a.list("errors")) != 1 {
			t.Errorf("%v: refused with %s", tt, a.raw)
		}
	}
}

// Documents are of connectors that exist.
func TestDocumentedPagingNeedsDocuments(t *testing.T) {
	for slug, valid := range map[string]bool{"jira": true, "hubspot": true, "acme": false} {
		func() {
			defer func() {
				if r := recover(); (r == nil) != valid {
					t.Errorf("%s: %v", slug, r)
				}
			}()
			agentstest.New(agentstest.WithConnector("w", agentstest.Connector{
				Slug: slug, Entities: map[string]agentstest.Entity{"things": {Records: numbers(1), Paging: agentstest.PagingDocumented}},
			}))
		}()
	}
	if fmt.Sprint(agentstest.PagingDocumented.Param()) != "" {
		t.Error("it has no parameter of its own")
	}
}
