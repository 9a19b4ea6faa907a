package client_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// Lists that come inside an object are read as others are, with each kind of paging of
// the fake, and records that only look like such a list stay records.
func TestWrappedListsOfTheFake(t *testing.T) {
	type record struct {
		ID string `json:"id"`
	}
	var records []map[string]any
	for id := range strings.FieldsSeq("a b c d e") {
		records = append(records, map[string]any{"id": id, "data": []string{id}, "meta": map[string]any{"has_more": true}})
	}
	entities := map[string]agentstest.Entity{}
	for _, p := range agentstest.Pagings() {
		entities[string(p)] = agentstest.Entity{Records: records, Paging: p, PageSize: 2, Wrapped: true}
	}
	fake := agentstest.New(agentstest.WithConnector("default", agentstest.Connector{Slug: "acme", Entities: entities}))
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	acme, err := c.DefaultWorkspace().Connector(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range agentstest.Pagings() {
		var opts []client.ExecuteOption
		if strings.HasPrefix(p.Param(), "next") { // a link, which only the documentation of a connector can name
			opts = append(opts, client.WithPageParam(p.Param()))
		}
		for _, action := range []string{"list", "api_search"} {
			got, errs := collect(client.All[record](t.Context(), acme, string(p), action, nil, opts...))
			if len(errs) > 0 || len(got) != 5 || got[0].ID != "a" || got[4].ID != "e" {
				t.Errorf("%s.%s: All yields %v, %v", p, action, got, errs)
			}
			page, res, err := client.Execute[[]record](t.Context(), acme, string(p), action, nil, client.WithRawData())
			if err != nil || len(page) == 0 || page[0].ID != "a" {
				t.Errorf("%s.%s: Execute returns %v, %v", p, action, page, err)
				continue
			}
			if rows, errs := collect(client.Rows[record](res)); len(errs) > 0 || len(rows) != len(page) || rows[0].ID != "a" {
				t.Errorf("%s.%s: Rows yields %v, %v", p, action, rows, errs)
			}
			if res.Page().HasNext != (p != agentstest.PagingNone) {
				t.Errorf("%s.%s: there is another page: %t", p, action, res.Page().HasNext)
			}
		}
		// A record with the members data and meta is no list.
		one, res, err := client.Execute[map[string]json.RawMessage](t.Context(), acme, string(p), "get", client.Params{"id": "c"}, client.WithRawData())
		if err != nil || string(one["id"]) != `"c"` {
			t.Errorf("%s.get: %s, %v", p, one, err)
			continue
		}
		if rows, errs := collect(client.Rows[record](res)); len(errs) > 0 || len(rows) != 1 || rows[0].ID != "c" || res.Page().HasNext {
			t.Errorf("%s.get: Rows yields %v, %v; %v", p, rows, errs, res.Page())
		}
	}
}
