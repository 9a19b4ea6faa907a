package agentstest_test

import (
	"fmt"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// nextOf returns the value that requests the next page, nil on the last page.
func nextOf(t *testing.T, p agentstest.Paging, a *answer) any {
	t.Helper()
	meta, ok := a.at("connector_metadata").(object)
	if !ok {
		t.Fatalf("no metadata in %s", a.raw)
	}
	result := a.list("result")
	when := func(flag, cursor any) any {
		if flag != true {
			return nil
		}
		return cursor
	}
	switch p {
	case agentstest.PagingGitHub:
		return when(meta["has_next_page"], meta["end_cursor"])
	case agentstest.PagingGraphQL:
		return when(meta["hasNextPage"], meta["endCursor"])
	case agentstest.PagingPageInfo:
		info := meta["page_info"].(object)
		return when(info["has_next_page"], info["end_cursor"])
	case agentstest.PagingStripe:
		if len(result) == 0 {
			return nil
		}
		return when(meta["has_more"], result[len(result)-1].(object)["id"])
	case agentstest.PagingCursor:
		return when(meta["has_more"], meta["next_cursor"])
	case agentstest.PagingSameCursor:
		return when(meta["has_more"], meta["cursor"])
	case agentstest.PagingPageToken:
		return meta["next_page_token"]
	case agentstest.PagingPageTokenCamel:
		return meta["nextPageToken"]
	case agentstest.PagingOffset:
		return meta["next_offset"]
	case agentstest.PagingPage:
		return meta["next_page"]
	case agentstest.PagingPageNumber:
		if meta["has_more"] != true {
			return nil
		}
		return meta["page"].(float64) + 1
	case agentstest.PagingAfter:
		return meta["after"]
	case agentstest.PagingNestedAfter:
		return a.at("connector_metadata", "paging", "next", "after")
	case agentstest.PagingNextLink:
		return meta["next_link"]
	case agentstest.PagingNextPageURL:
		return meta["next_page_url"]
	case agentstest.PagingNextRecordsURL:
		if meta["done"] == true {
			return nil
		}
		return meta["nextRecordsUrl"]
	case agentstest.PagingNone:
		return nil
	}
	t.Fatalf("unknown paging %q", p)
	return nil
}

func TestPagingWalksAllRecords(t *testing.T) {
	for _, p := range agentstest.Pagings() {
		for _, n := range []int{0, 1, 9, 10, 11, 25, 30} {
			t.Run(fmt.Sprintf("%s/%d", p, n), func(t *testing.T) {
				_, c := start(t, agentstest.WithoutSeed(), agentstest.WithConnector("default", agentstest.Connector{
					Slug: "acme", Entities: map[string]agentstest.Entity{"things": {Records: numbers(n), Paging: p}},
				}))
				id := c.connector("default", "acme")
				params := object{"per_page": 10}
				got, pages := 0, 0
				for {
					a := c.ok(c.execute(id, "things", "list", params))
					for _, r := range a.list("result") {
						if r.(object)["n"] != float64(got) {
							t.Fatalf("record %v, want %d", r, got)
						}
						got++
					}
					pages++
					next := nextOf(t, p, a)
					if next == nil {
						break
					}
					if pages > 10 {
						t.Fatal("no end")
					}
					params = object{"per_page": 10, p.Param(): next}
				}
				want := max((n+9)/10, 1)
				if p == agentstest.PagingNone {
					want = 1
				}
				if got != n || pages != want {
					t.Errorf("%d records on %d pages, want %d on %d", got, pages, n, want)
				}
			})
		}
	}
}

func TestPagingTraps(t *testing.T) {
	_, c := start(t)
	id := c.connector("default", "github")
	first := c.ok(c.execute(id, "issues", "list", nil))
	if len(first.list("result")) != 10 {
		t.Errorf("first page of %d", len(first.list("result")))
	}
	cursor := first.text("connector_metadata", "end_cursor")
	// GitHub ignores cursor and returns page one again.
	wrong := c.ok(c.execute(id, "issues", "list", object{"cursor": cursor}))
	if wrong.text("result", 0, "number") != first.text("result", 0, "number") {
		t.Error("cursor was understood")
	}
	last := c.ok(c.execute(id, "issues", "list", object{"after": cursor}))
	if last.at("connector_metadata", "has_next_page") != false || last.text("connector_metadata", "end_cursor") == "" || len(last.list("result")) != 5 {
		t.Errorf("last page: %s", last.raw)
	}
	c.refused(c.execute(id, "issues", "list", object{"after": "made-up"}), 422, "invalid_cursor")
	c.refused(c.execute(id, "repositories", "list", object{"after": cursor}), 422, "invalid_cursor")
	c.refused(c.execute(id, "issues", "list", object{"per_page": 0}), 422, "greater_than_equal")
	c.refused(c.execute(id, "issues", "list", object{"per_page": "ten"}), 422, "greater_than_equal")
	stripe := c.connector("default", "stripe")
	c.refused(c.execute(stripe, "customers", "list", object{"starting_after": "cus_9999"}), 422, "invalid_cursor")
	zendesk := c.connector("default", "zendesk-support")
	c.refused(c.execute(zendesk, "tickets", "list", object{"page": 0}), 422, "invalid_cursor")
	if a := c.ok(c.execute(zendesk, "tickets", "list", object{"page": "2", "per_page": "5"})); a.text("result", 0, "id") != "106" {
		t.Errorf("page 2: %s", a.raw)
	}
	if a := c.ok(c.execute(zendesk, "tickets", "list", object{"page": 9})); len(a.list("result")) != 0 {
		t.Errorf("page 9: %s", a.raw)
	}
	// A page has at most 100 records.
	_, c = start(t, agentstest.WithConnector("big", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{
		"things": {Records: numbers(250)}, "more": {Records: numbers(250), MaxPageSize: 200, Repeat: 4},
	}}))
	id = c.connector("big", "acme")
	if n := len(c.ok(c.execute(id, "things", "list", object{"limit": 1000})).list("result")); n != 100 {
		t.Errorf("page of %d", n)
	}
	a := c.ok(c.execute(id, "more", "list", object{"limit": 1000}))
	if len(a.list("result")) != 200 {
		t.Errorf("page of %d", len(a.list("result")))
	}
	total := 0
	for params := (object{"limit": 200}); params != nil; {
		a := c.ok(c.execute(id, "more", "list", params))
		total += len(a.list("result"))
		params = nil
		if a.at("connector_metadata", "has_more") == true {
			params = object{"limit": 200, "cursor": a.text("connector_metadata", "next_cursor")}
		}
	}
	if total != 1000 {
		t.Errorf("%d records with Repeat", total)
	}
}
