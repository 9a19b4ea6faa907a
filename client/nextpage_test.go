package client_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// Page by page, with the parameters stored as JSON in between, NextParams leads
// to the records that All yields, however the connector pages.
func TestNextParams(t *testing.T) {
	var records []map[string]any
	for i := range 7 {
		records = append(records, map[string]any{"id": fmt.Sprintf("r%d", i)})
	}
	for _, paging := range agentstest.Pagings() {
		slug := map[agentstest.Paging]string{agentstest.PagingGitHub: "github", agentstest.PagingGraphQL: "linear", agentstest.PagingPageInfo: "linear", agentstest.PagingStripe: "stripe"}[paging]
		if slug == "" {
			slug = "x-crm"
		}
		t.Run(string(paging), func(t *testing.T) {
			fake := agentstest.New(agentstest.WithConnector("w", agentstest.Connector{
				Slug: slug, Entities: map[string]agentstest.Entity{"things": {Records: records, Paging: paging, PageSize: 3}},
			}))
			ws, err := client.NewWorkspace(client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithBaseURL(client.DefaultBaseURL),
				client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithWorkspaceName("w"))
			if err != nil {
				t.Fatal(err)
			}
			found, err := ws.Connector(t.Context(), slug)
			if err != nil {
				t.Fatal(err)
			}
			for name, conn := range map[string]*client.Connector{"by slug": found, "by id": ws.ConnectorByID(found.ID())} {
				want, wantErrs := collect(client.All[map[string]any](t.Context(), conn, "things", "list", nil))
				if len(wantErrs) == 0 && len(want) != len(records) && paging != agentstest.PagingNone {
					t.Errorf("%s: All yields %d of %d records", name, len(want), len(records))
				}
				got, params, pages := []map[string]any{}, client.Params{}, 0
				for params != nil {
					page, err := conn.Execute(t.Context(), "things", "list", params)
					if err != nil {
						t.Fatal(err)
					}
					rows, _ := collect(client.Rows[map[string]any](page))
					got = append(got, rows...)
					if pages++; pages > len(records) {
						t.Fatal("no end")
					}
					next, err := page.NextParams(t.Context())
					if (err != nil) != (len(wantErrs) > 0) || err != nil && (!errors.Is(err, client.ErrPaging) || err.Error() != wantErrs[0].Error()) {
						t.Errorf("%s: %v; All has the errors %v", name, err, wantErrs)
					}
					params = throughJSON(t, next)
				}
				if fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 3 {
					t.Errorf("%s: got %v, All yields %v", name, got, want)
				}
			}
		})
	}
}

// throughJSON returns params after encoding and decoding them.
func throughJSON(t *testing.T, params client.Params) client.Params {
	t.Helper()
	if params == nil {
		return nil
	}
	b, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	var read client.Params
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestNextParamsOfOneResult(t *testing.T) {
	const more = `{"has_more":true}`
	for _, tc := range []struct {
		name, slug, result, metadata string
		params                       client.Params
		opts                         []client.ExecuteOption
		want                         client.Params // nil for the last page
		fails                        string        // part of the error's text
	}{
		{name: "last page", metadata: `{"has_more":false,"next_cursor":"c"}`},
		{name: "no metadata", metadata: `null`},
		{name: "cursor", metadata: `{"next_cursor":"c"}`, params: client.Params{"q": 1}, want: client.Params{"q": 1, "cursor": "c"}},
		{name: "number", metadata: `{"next_offset":20}`, want: client.Params{"offset": json.Number("20")}},
		{name: "number as text", metadata: `{"next_page":"3"}`, params: client.Params{"page": 2}, want: client.Params{"page": json.Number("3")}},
		{name: "number where text was given", metadata: `{"next_page":3}`, params: client.Params{"page": "2"}, want: client.Params{"page": json.Number("3")}},
		{name: "text where a number was given", metadata: `{"next_page":"c"}`, params: client.Params{"page": 2}, want: client.Params{"page": 2, "cursor": "c"}},
		{name: "digits where text was given", metadata: `{"next_page":"3"}`, params: client.Params{"page": "2"}, want: client.Params{"page": "3"}},
		{name: "digits, nothing given", metadata: `{"next_cursor":"3"}`, want: client.Params{"cursor": "3"}},
		{name: "page of a connector that counts records", metadata: `{"page":1,"has_more":true}`, result: `[{"id":1},{"id":2}]`, params: client.Params{"offset": 0}, want: client.Params{"offset": json.Number("2")}},
		{name: "no records to count", metadata: more, result: `[]`, params: client.Params{"offset": 4}, fails: "no cursor"},
		{name: "no result to count", metadata: more, result: `null`, params: client.Params{"offset": 4}, fails: "no cursor"},
		{name: "page that was not counted before", metadata: more, opts: []client.ExecuteOption{client.WithPageParam("page")}, want: client.Params{"page": json.Number("1")}},
		{name: "records that were not counted before", metadata: more, opts: []client.ExecuteOption{client.WithPageParam("offset")}, want: client.Params{"offset": json.Number("1")}},
		{name: "named", metadata: `{"next_cursor":"c"}`, opts: []client.ExecuteOption{client.WithPageParam("from")}, want: client.Params{"from": "c"}},
		{name: "link", metadata: `{"next_link":"https://x/2"}`, fails: `a link to it, "next_link"`},
		{name: "named link", metadata: `{"next_link":"https://x/2"}`, opts: []client.ExecuteOption{client.WithPageParam("url")}, want: client.Params{"url": "https://x/2"}},
		{name: "same cursor", metadata: `{"next_cursor":"c"}`, params: client.Params{"cursor": "c"}, fails: `does not understand the parameter "cursor"`},
		{name: "no cursor", metadata: more, fails: "no cursor"},
		{name: "counted", metadata: more, result: `[{"id":1},{"id":2}]`, params: client.Params{"offset": 4}, want: client.Params{"offset": json.Number("6")}},
		{name: "last id", slug: "stripe", metadata: more, result: `[{"id":"a"},{"id":"b"}]`, want: client.Params{"starting_after": "b"}},
		{name: "no id", slug: "stripe", metadata: more, result: `[{"id":"a"},{}]`, fails: "no id to go on from"},
		{name: "id left out", slug: "stripe", metadata: more, result: `[{"x":1}]`, opts: []client.ExecuteOption{client.WithSelectFields("x")}, fails: "WithSelectFields"},
		{
			name: "pager", metadata: `{}`, params: client.Params{"page": 1}, want: client.Params{"page": 2, "of": `[{"id":1}]`},
			opts: []client.ExecuteOption{client.WithPager(func(r *client.Result, p client.Params) (client.Params, error) {
				p["page"], p["of"] = 2, string(r.Data)
				return p, nil
			})},
		},
		{
			name: "pager that fails", metadata: `{}`, fails: "the pager: no idea",
			opts: []client.ExecuteOption{client.WithPager(func(*client.Result, client.Params) (client.Params, error) { return nil, errors.New("no idea") })},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.result == "" {
				tc.result = `[{"id":1}]`
			}
			v := &vendor{answer: func(int, map[string]any) string { return success(tc.result, tc.metadata) }}
			before := fmt.Sprint(tc.params)
			r, err := v.connector(t, cmp.Or(tc.slug, "x")).Execute(t.Context(), "things", "list", tc.params, tc.opts...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.NextParams(t.Context())
			if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", tc.want) {
				t.Errorf("got %#v, want %#v", got, tc.want)
			}
			if (err != nil) != (tc.fails != "") || err != nil && !strings.Contains(err.Error(), tc.fails) {
				t.Errorf("the error is %v, want %q", err, tc.fails)
			}
			if after := fmt.Sprint(tc.params); after != before {
				t.Errorf("the caller's parameters became %v", after)
			}
		})
	}
}

// After a result that was decoded on arrival, the next page can be requested by
// a cursor, but not by the last record.
func TestNextParamsOfDecodedResults(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1}]`, `{"has_more":true,"next_cursor":"c"}`) }}
	_, r, err := client.Execute[[]row](t.Context(), v.connector(t, "x"), "things", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	if params, err := r.NextParams(t.Context()); err != nil || params["cursor"] != "c" {
		t.Errorf("%v, %v", params, err)
	}
	v.answer = func(int, map[string]any) string { return success(`[{"id":1}]`, `{"has_more":true}`) }
	if _, r, err = client.Execute[[]row](t.Context(), v.connector(t, "stripe"), "things", "list", nil); err != nil {
		t.Fatal(err)
	}
	if params, err := r.NextParams(t.Context()); !errors.Is(err, client.ErrPaging) || !strings.Contains(err.Error(), "WithRawData") {
		t.Errorf("%v, %v", params, err)
	}
	if _, r, err = client.Execute[[]row](t.Context(), v.connector(t, "stripe"), "things", "list", nil, client.WithRawData()); err != nil {
		t.Fatal(err)
	}
	if params, err := r.NextParams(t.Context()); err != nil || params["starting_after"] != "1" {
		t.Errorf("%v, %v", params, err)
	}
	if params, err := new(client.Result).NextParams(t.Context()); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("%v, %v", params, err)
	}
}

// A search of the context store has next pages, too.
func TestNextParamsOfASearch(t *testing.T) {
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(`{"data":[{"id":1}],"meta":`+[]string{`{"has_more":true,"cursor":"c1"}`, `{"has_more":false,"cursor":null}`}[n]+`}`, `{}`)
	}}
	conn := v.connector(t, "github")
	params, err := client.Query{PageSize: 1}.Params()
	for n := 0; params != nil && err == nil; n++ {
		var r *client.Result
		if r, err = conn.Execute(t.Context(), "things", "context_store_search", params); err == nil {
			params, err = r.NextParams(t.Context())
		}
	}
	if err != nil || len(v.asked) != 2 || v.asked[1]["cursor"] != "c1" || !slices.Equal(slices.Sorted(maps.Keys(v.asked[1])), []string{"cursor", "limit", "query"}) {
		t.Errorf("asked %v, %v", v.asked, err)
	}
}

// Only a page that came before is one that is not to be handled: where the cursor of a
// page is that of the page itself, its records are new.
func TestNextParamsOfACursorThatStandsStill(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string {
		return success(`[{"id":1}]`, `{"has_next_page":true,"end_cursor":"c"}`)
	}}
	r, err := v.connector(t, "github").Execute(t.Context(), "issues", "list", client.Params{"after": "c"})
	if err != nil {
		t.Fatal(err)
	}
	if next, err := r.NextParams(t.Context()); next != nil || !errors.Is(err, client.ErrPaging) || errors.Is(err, client.ErrPageRepeated) {
		t.Errorf("%v, %v", next, err)
	}
	rows, errs := collect(client.All[row](t.Context(), v.connector(t, "github"), "issues", "list", client.Params{"after": "c"}))
	if ids(rows) != "1" || len(errs) != 1 || !errors.Is(errs[0], client.ErrPageRepeated) || fmt.Sprint(asError(t, errs[0]).Params) != "map[after:c]" {
		t.Errorf("rows %v, %v", rows, errs)
	}
}

// A result can be used by several goroutines.
func TestNextParamsAtOnce(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1}]`, `{"next_cursor":"c"}`) }}
	r, err := v.connector(t, "acme").Execute(t.Context(), "things", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if next, err := r.NextParams(t.Context()); err != nil || next["cursor"] != "c" || r.Page().Cursor != "c" {
				t.Errorf("%v, %v, %v", next, err, r.Page())
			}
		})
	}
	wg.Wait()
}
