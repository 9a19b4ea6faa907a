package client_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A tour goes over all pages.
type tour[T any] func(ctx context.Context, c *client.Connector, entity, action string, params client.Params, opts ...client.ExecuteOption) ([]T, error)

// bothWays returns the two ways to page, which give the same records and end in the
// same way.
func bothWays[T any]() map[string]tour[T] {
	return map[string]tour[T]{
		"All": func(ctx context.Context, c *client.Connector, entity, action string, params client.Params, opts ...client.ExecuteOption) (rows []T, _ error) {
			for r, err := range client.All[T](ctx, c, entity, action, params, opts...) {
				if err != nil {
					return rows, err
				}
				rows = append(rows, r)
			}
			return rows, nil
		},
		"NextParams": func(ctx context.Context, c *client.Connector, entity, action string, params client.Params, opts ...client.ExecuteOption) ([]T, error) {
			return pageByPage[T](ctx, func() *client.Connector { return c }, entity, action, params, opts...)
		},
	}
}

// pageByPage goes over all pages with NextParams. The parameters go through JSON, as
// those of a program do that goes on later, and connect returns the connector for a page.
func pageByPage[T any](ctx context.Context, connect func() *client.Connector, entity, action string, params client.Params, opts ...client.ExecuteOption) (rows []T, _ error) {
	for {
		r, err := connect().Execute(ctx, entity, action, params, opts...)
		if err != nil {
			return rows, err
		}
		next, err := r.NextParams(ctx)
		if !errors.Is(err, client.ErrPageRepeated) {
			for row, err := range client.Rows[T](r) {
				if err != nil {
					return rows, err
				}
				rows = append(rows, row)
			}
		}
		if next == nil {
			return rows, err
		}
		raw, err := json.Marshal(next)
		if err != nil {
			return rows, err
		}
		params = nil
		if err := json.Unmarshal(raw, &params); err != nil {
			return rows, err
		}
	}
}

func TestPaging(t *testing.T) {
	num := func(v any) int { // a parameter as a number, -1 if it is not given
		n := -1
		if v != nil {
			_, _ = fmt.Sscan(fmt.Sprint(v), &n)
		}
		return n
	}
	always := func(metadata string) func(int, map[string]any) string {
		return func(int, map[string]any) string { return success(`[{"id":1},{"id":2}]`, metadata) }
	}
	pageOf := func(n int, metadata string) string {
		return success(fmt.Sprintf(`[{"id":%d},{"id":%d}]`, 2*n+1, 2*n+2), metadata)
	}
	for name, tt := range map[string]struct {
		slug, entity string
		params       client.Params
		opts         []client.ExecuteOption
		describes    string
		answer       func(n int, params map[string]any) string
		rows         string
		kind         error
		requests     int // 0 for any
	}{
		"an offset that is ignored":  {params: client.Params{"offset": 10}, answer: always(`{"has_more":true}`), rows: "1 2", kind: client.ErrPageRepeated, requests: 2},
		"a page that is ignored":     {params: client.Params{"page": 3}, answer: always(`{"has_more":true}`), rows: "1 2", kind: client.ErrPageRepeated, requests: 2},
		"a skip that is ignored":     {params: client.Params{"skip": 4}, answer: always(`{"has_more":true}`), rows: "1 2", kind: client.ErrPageRepeated, requests: 2},
		"a named page, ignored":      {opts: []client.ExecuteOption{client.WithPageParam("page")}, answer: always(`{"has_more":true}`), rows: "1 2", kind: client.ErrPageRepeated, requests: 3},
		"a declared page, ignored":   {slug: "gitlab", entity: "issues", answer: always(`{"next":"https://x/y?page=2"}`), rows: "1 2", kind: client.ErrPageRepeated, requests: 2},
		"a declared cursor, ignored": {slug: "github", entity: "issues", answer: always(`{"has_next_page":true,"end_cursor":"c"}`), rows: "1 2", kind: client.ErrPageRepeated, requests: 2},
		"a cycle of cursors": {slug: "github", entity: "issues", answer: func(_ int, p map[string]any) string {
			n := max(num(p["after"]), 0)
			return pageOf(n, fmt.Sprintf(`{"has_next_page":true,"end_cursor":"%d"}`, n%3+1))
		}, rows: "1 2 3 4 5 6 7 8", kind: client.ErrPageRepeated},
		"pages that look alike": {slug: "github", entity: "issues", answer: func(n int, _ map[string]any) string {
			return success(`[{"id":1},{"id":2}]`, fmt.Sprintf(`{"has_next_page":%t,"end_cursor":"c%d"}`, n < 2, n))
		}, rows: "1 2 1 2 1 2", requests: 3},
		"an offset beyond 2^21": {params: client.Params{"offset": float64(2500000)}, answer: func(n int, p map[string]any) string {
			if n == 1 && fmt.Sprint(p["offset"]) != "2500002" {
				return success(`[]`, `{"error":"wrong offset"}`)
			}
			return pageOf(n, fmt.Sprintf(`{"has_more":%t}`, n < 1))
		}, rows: "1 2 3 4", requests: 2},
		"an object in next_page": {answer: func(n int, p map[string]any) string {
			if p["offset"] == "o9" {
				return pageOf(1, `{"next_page":null}`)
			}
			return pageOf(0, `{"next_page":{"offset":"o9","path":"/x?offset=o9"}}`)
		}, rows: "1 2 3 4"},
		"a path without a parameter": {answer: always(`{"next_page_uri":"/x?Page=4"}`), rows: "1 2", kind: client.ErrPaging, requests: 1},
		"a page of pages": {answer: func(_ int, p map[string]any) string {
			n := max(num(p["page"]), 1)
			return pageOf(n-1, fmt.Sprintf(`{"page_info":{"page":%d,"total_page":3}}`, n))
		}, rows: "1 2 3 4 5 6"},
		"a count of pages": {params: client.Params{"page": 1}, answer: func(_ int, p map[string]any) string { return pageOf(num(p["page"])-1, `{"page_count":3}`) }, rows: "1 2 3 4 5 6"},
		"a total": {answer: func(_ int, p map[string]any) string {
			n := max(num(p["startAt"]), 0)
			return pageOf(n/2, fmt.Sprintf(`{"startAt":%d,"maxResults":2,"total":6}`, n))
		}, rows: "1 2 3 4 5 6"},
		"a next ID": {answer: func(_ int, p map[string]any) string {
			if p["cursor"] == "n8" {
				return pageOf(1, `{}`)
			}
			return pageOf(0, `{"next_id":"n8"}`)
		}, rows: "1 2 3 4"},
		"a filter called after": {params: client.Params{"after": "2023-05-01"}, answer: func(_ int, p map[string]any) string {
			if p["after"] != "2023-05-01" {
				return success(`[]`, `{}`)
			}
			if num(p["page"]) == 4 {
				return pageOf(1, `{"next_page":null}`)
			}
			return pageOf(0, `{"next_page":4}`)
		}, rows: "1 2 3 4"},
		"a link that is a path":  {answer: always(`{"next":"/v2/items?cursor=zz"}`), rows: "1 2", kind: client.ErrPaging, requests: 1},
		"a link that is a query": {answer: always(`{"next":"?page=3"}`), rows: "1 2", kind: client.ErrPaging, requests: 1},
		"a link of a described connector": {
			describes: `[{"entity_name":"things","available_actions":["list"],"parameters":{"list":[{"name":"cursor","in":"query","required":false,"type":["string","null"]}]}}]`,
			answer: func(_ int, p map[string]any) string {
				if p["cursor"] == "zz" {
					return pageOf(1, `{"next":null}`)
				}
				return pageOf(0, `{"next":"/v2/items?cursor=zz"}`)
			}, rows: "1 2 3 4",
		},
		"a vendor that counts from 1, asked for page 0": {params: client.Params{"page": 0}, answer: func(_ int, p map[string]any) string {
			n := max(num(p["page"]), 1)
			return pageOf(n-1, fmt.Sprintf(`{"has_more":%t}`, n < 3))
		}, rows: "1 2 3 4 5 6"},
		"a vendor that counts from 0": {opts: []client.ExecuteOption{client.WithPageParam("page")}, answer: func(_ int, p map[string]any) string {
			n := max(num(p["page"]), 0)
			return pageOf(n, fmt.Sprintf(`{"has_more":%t}`, n < 2))
		}, rows: "1 2 3 4 5 6"},
		"an empty last page that repeats its cursor": {answer: func(n int, _ map[string]any) string {
			if n == 1 {
				return success(`[]`, `{"next_cursor":"c"}`)
			}
			return pageOf(n, `{"next_cursor":"c"}`)
		}, rows: "1 2", requests: 2},
		"next_offset of this page": {slug: "jira", entity: "issue_comments", params: client.Params{"startAt": 20}, answer: func(_ int, p map[string]any) string {
			n := num(p["startAt"])
			return pageOf(n/2, fmt.Sprintf(`{"next_offset":%d,"max_results":2,"total":24}`, n))
		}, rows: "21 22 23 24"},
		"nothing in the metadata": {slug: "monday", entity: "updates", params: client.Params{"limit": 2}, answer: func(_ int, p map[string]any) string {
			if n := max(num(p["page"]), 1); n <= 3 {
				return pageOf(n-1, `{}`)
			}
			return success(`[]`, `{}`)
		}, rows: "1 2 3 4 5 6", requests: 4},
		"nothing in the metadata, and a last page that repeats": {slug: "monday", entity: "updates", params: client.Params{"limit": 2}, answer: func(_ int, p map[string]any) string {
			return pageOf(min(max(num(p["page"]), 1), 3)-1, `{}`)
		}, rows: "1 2 3 4 5 6", requests: 4},
		"the parameter of the document": {slug: "hubspot", entity: "contacts", answer: func(_ int, p map[string]any) string {
			if fmt.Sprint(p["after"]) == "2" {
				return pageOf(1, `{}`)
			}
			return pageOf(0, `{"next_cursor":"2","next_link":"https://x/y?after=2"}`)
		}, rows: "1 2 3 4"},
		"a cursor that the metadata does not have": {slug: "stripe", entity: "invoices", answer: func(int, map[string]any) string { return pageOf(0, `{}`) }, rows: "1 2", kind: client.ErrPaging, requests: 1},
	} {
		for way, walk := range bothWays[row]() {
			t.Run(name+"/"+way, func(t *testing.T) {
				v := &vendor{answer: tt.answer, describes: tt.describes}
				entity, action, slug := "things", "list", "x"
				if tt.entity != "" {
					entity, slug = tt.entity, tt.slug
				}
				if slug == "stripe" {
					action = "api_search"
				}
				rows, err := walk(t.Context(), v.connector(t, slug), entity, action, tt.params, tt.opts...)
				kind := tt.kind
				if way == "NextParams" && name == "nothing in the metadata, and a last page that repeats" {
					kind = client.ErrPageRepeated // only an error can say that the records are not to be handled
				}
				if ids(rows) != tt.rows || (kind == nil) != (err == nil) || kind != nil && !errors.Is(err, kind) {
					t.Errorf("rows %s, %v; want %s, %v; asked %v", ids(rows), err, tt.rows, kind, v.asked)
				}
				if tt.requests > 0 && len(v.asked) != tt.requests {
					t.Errorf("%d requests, want %d: %v", len(v.asked), tt.requests, v.asked)
				}
			})
		}
	}
}

// An unknown connector is asked to describe itself once, and only if there is another
// page. That it does not answer is no failure of the call.
func TestAllAsksForTheDescriptionOnce(t *testing.T) {
	pages := func(n int, _ map[string]any) string {
		return success(fmt.Sprintf(`[{"id":%d}]`, n), fmt.Sprintf(`{"next_cursor":%s}`, []string{`"c"`, `null`}[n%2]))
	}
	for describes, want := range map[string]string{
		"": "cursor",
		`{"entities":[{"name":"things","actions":[{"name":"list","params":{"type":"object","properties":{"from":{"type":"string"},"page_token":{"type":"string"}}}}]}]}`: "page_token",
		`{"entities":"none of your business"}`: "cursor",
	} {
		v := &vendor{answer: pages, describes: describes}
		conn := v.connector(t, "acme")
		for range 3 {
			if rows, errs := collect(client.All[row](t.Context(), conn, "things", "list", nil)); len(rows) != 2 || errs != nil {
				t.Errorf("%s: rows %v, %v", describes, rows, errs)
			}
		}
		if v.described != 1 || v.asked[1][want] != "c" || v.asked[5][want] != "c" {
			t.Errorf("%s: asked %d times for the description; asked %v", describes, v.described, v.asked)
		}
	}
	for name, tt := range map[string]struct {
		slug, entity string
		metadata     string
		opts         []client.ExecuteOption
	}{
		"no other page":   {"acme", "things", `{"has_more":false}`, nil},
		"nothing said":    {"acme", "things", `{}`, nil},
		"in the table":    {"github", "issues", `{"has_next_page":true,"end_cursor":"c"}`, nil},
		"named":           {"acme", "things", `{"next_cursor":"c"}`, []client.ExecuteOption{client.WithPageParam("from")}},
		"a pager decides": {"acme", "things", `{"next_cursor":"c"}`, []client.ExecuteOption{client.WithPager(func(*client.Result, client.Params) (client.Params, error) { return nil, nil })}},
	} {
		v := &vendor{answer: func(n int, _ map[string]any) string {
			if n > 0 {
				return success(`[]`, `{}`)
			}
			return success(`[{"id":1}]`, tt.metadata)
		}}
		if rows, errs := collect(client.All[row](t.Context(), v.connector(t, tt.slug), tt.entity, "list", nil, tt.opts...)); len(rows) != 1 || errs != nil || v.described != 0 {
			t.Errorf("%s: rows %v, %v; asked %d times for the description", name, rows, errs, v.described)
		}
	}
	// A loop that ends on the first page costs one request.
	v := &vendor{answer: pages}
	for range client.All[row](t.Context(), v.connector(t, "acme"), "things", "list", nil) {
		break
	}
	if v.described != 0 || len(v.asked) != 1 {
		t.Errorf("after a break: %d pages, %d descriptions", len(v.asked), v.described)
	}
}

// A failure to look the slug up is an error of the call, and the next call looks again.
func TestAllLooksTheSlugUpAgain(t *testing.T) {
	lookups, status := 0, http.StatusServiceUnavailable
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(fmt.Sprintf(`[{"id":%d}]`, n), fmt.Sprintf(`{"has_next_page":%t,"end_cursor":"c"}`, n%2 == 0))
	}}
	rt := roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.Method != http.MethodGet {
			return v.RoundTrip(req)
		}
		if lookups++; status != http.StatusOK {
			return says(status, `{}`)(req)
		}
		return says(status, `{"data":[{"id":"`+vendorID+`","name":"GitHub","summarized_source_template":{"name":"GitHub","connector_name":"github"}}]}`)(req)
	})
	c, err := client.New(client.WithBaseURL("https://api.test"), client.WithTokenSource(auth.Static("token")), client.WithHTTPClient(&http.Client{Transport: rt}), client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	conn := c.DefaultWorkspace().ConnectorByID(vendorID)
	for _, status = range []int{http.StatusServiceUnavailable, http.StatusInternalServerError} {
		v.asked = nil
		rows, errs := collect(client.All[row](t.Context(), conn, "issues", "list", nil))
		if ids(rows) != "0" || len(errs) != 1 || !errors.Is(errs[0], client.ErrServer) || errors.Is(errs[0], client.ErrPaging) {
			t.Errorf("status %d: rows %v, %v", status, rows, errs)
		}
		if _, err := conn.Execute(t.Context(), "issues", "list", nil); err != nil {
			t.Fatal(err)
		}
		v.asked = nil
		r, err := conn.Execute(t.Context(), "issues", "list", nil)
		if err != nil {
			t.Fatal(err)
		}
		if params, err := r.NextParams(t.Context()); !errors.Is(err, client.ErrServer) || params != nil {
			t.Errorf("status %d: %v, %v", status, params, err)
		}
	}
	before := lookups
	status = http.StatusOK
	for range 2 {
		v.asked = nil
		if rows, errs := collect(client.All[row](t.Context(), conn, "issues", "list", nil)); ids(rows) != "0 1" || errs != nil || v.asked[1]["after"] != "c" {
			t.Errorf("rows %v, %v, asked %v", rows, errs, v.asked)
		}
	}
	if lookups != before+1 || conn.Slug() != "github" {
		t.Errorf("%d lookups after the failures, slug %q", lookups-before, conn.Slug())
	}
	// A connector that is not in the list, or a list that may not be read, is no failure.
	for _, status = range []int{http.StatusNotFound, http.StatusForbidden} {
		v.asked = nil
		if rows, errs := collect(client.All[row](t.Context(), c.DefaultWorkspace().ConnectorByID(vendorID), "issues", "list", nil)); ids(rows) != "0 1" || errs != nil {
			t.Errorf("status %d: rows %v, %v", status, rows, errs)
		}
	}
}

// An iteration looks up once what it cannot find out, and not for each page: the slug of
// a connector that is not in the list, and the description of one that has none.
func TestAllLooksUpOnce(t *testing.T) {
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(fmt.Sprintf(`[{"id":%d}]`, n), fmt.Sprintf(`{"has_more":%t,"next_cursor":"c%d"}`, n < 6, n))
	}}
	lookups, descriptions := 0, 0
	c := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodGet {
			lookups++
			return says(http.StatusOK, `{"data":[]}`)(req)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(body, []byte(`"describe"`)) {
			descriptions++
			return says(http.StatusOK, `{"status":"failed","error":"no such action"}`)(req)
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		return v.RoundTrip(req)
	}))
	for name, opts := range map[string][]client.ExecuteOption{"": nil, "prefetch": {client.WithPrefetch()}} {
		v.asked, lookups, descriptions = nil, 0, 0
		rows, errs := collect(client.All[row](t.Context(), c.DefaultWorkspace().ConnectorByID(vendorID), "things", "list", nil, opts...))
		if ids(rows) != "0 1 2 3 4 5 6" || errs != nil || lookups != 1 || descriptions != 1 {
			t.Errorf("%s: rows %v, %v; %d lookups, %d descriptions", name, ids(rows), errs, lookups, descriptions)
		}
	}
}

// Where only the kind of the connector tells whether a page is the last one, the slug is
// looked up; where no kind would make a difference, it is not.
func TestAllLooksTheSlugUpWhereItMatters(t *testing.T) {
	full := "[" + strings.Repeat(`{"id":1},`, 49) + `{"id":2}]`
	for name, tt := range map[string]struct {
		entity, result string
		want           int
	}{
		"a full page of updates": {"updates", full, 1},
		"few updates":            {"updates", `[{"id":1}]`, 0},
		"unknown things":         {"things", full, 0},
	} {
		lookups := 0
		v := &vendor{answer: func(n int, _ map[string]any) string {
			if n > 0 {
				return success(`[]`, `{}`)
			}
			return success(tt.result, `{}`)
		}}
		c := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodGet {
				lookups++
				return says(http.StatusOK, `{"data":[{"id":"`+vendorID+`","summarized_source_template":{"connector_name":"monday"}}]}`)(req)
			}
			return v.RoundTrip(req)
		}))
		rows, errs := collect(client.All[row](t.Context(), c.DefaultWorkspace().ConnectorByID(vendorID), tt.entity, "list", nil))
		if errs != nil || lookups != tt.want || len(v.asked) != 1+tt.want || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v; %d lookups, %d requests", name, len(rows), errs, lookups, len(v.asked))
		}
	}
}

// The error of an iteration has the parameters to take it up again.
func TestErrorHasTheParams(t *testing.T) {
	params := client.Params{"filter": map[string]any{"state": "open"}}
	v := &vendor{}
	v.answer = func(n int, p map[string]any) string {
		switch {
		case n == 2:
			return `{"status":"failed","error":"no"}`
		case p["after"] == nil:
			return success(`[{"id":0}]`, `{"has_next_page":true,"end_cursor":"1"}`)
		}
		return success(fmt.Sprintf(`[{"id":%v}]`, p["after"]), fmt.Sprintf(`{"has_next_page":%t,"end_cursor":"%v0"}`, p["after"] != "100", p["after"]))
	}
	conn := v.connector(t, "github")
	rows, errs := collect(client.All[row](t.Context(), conn, "issues", "list", params))
	if len(errs) != 1 || ids(rows) != "0 1" {
		t.Fatalf("rows %v, %v", rows, errs)
	}
	e := asError(t, errs[0])
	if fmt.Sprint(e.Params) != "map[after:10 filter:map[state:open]]" {
		t.Errorf("params %v", e.Params)
	}
	rows, errs = collect(client.All[row](t.Context(), conn, "issues", "list", e.Params))
	if ids(rows) != "10 100" || errs != nil {
		t.Errorf("taken up again: rows %v, %v", rows, errs)
	}
	e.Params["filter"].(map[string]any)["state"] = "closed"
	if params["filter"].(map[string]any)["state"] != "open" {
		t.Error("the params of the error are those of the caller")
	}
	// Those of a page that came again, and of a single execution.
	v.asked = nil
	v.answer = func(int, map[string]any) string {
		return success(`[{"id":0}]`, `{"has_next_page":true,"end_cursor":"1"}`)
	}
	_, errs = collect(client.All[row](t.Context(), conn, "issues", "list", nil))
	if len(errs) != 1 || fmt.Sprint(asError(t, errs[0]).Params) != "map[after:1]" {
		t.Errorf("%v", errs)
	}
	v.answer = func(int, map[string]any) string { return `{"status":"failed"}` }
	if _, err := conn.Execute(t.Context(), "issues", "list", client.Params{"a": 1}); fmt.Sprint(asError(t, err).Params) != "map[a:1]" {
		t.Errorf("%v", err)
	}
	if text := fmt.Sprintf("%+v", asError(t, errs[0])); strings.Contains(text, "map[") {
		t.Errorf("the error prints the params: %s", text)
	}
}

// Asking for a page twice is no cycle, also if that happens often.
func TestNextParamsOfAPageAskedForTwice(t *testing.T) {
	v := &vendor{answer: func(_ int, p map[string]any) string {
		n := 1
		if p["page"] != nil {
			_, _ = fmt.Sscan(fmt.Sprint(p["page"]), &n)
		}
		return success(fmt.Sprintf(`[{"id":%d}]`, n), fmt.Sprintf(`{"next":"https://x/y?page=%d"}`, n+1))
	}}
	conn := v.connector(t, "gitlab")
	params := client.Params{"state": "open"}
	for page := 1; page < 6; page++ {
		var next client.Params
		for range 3 {
			r, err := conn.Execute(t.Context(), "issues", "list", params)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if next, err = r.NextParams(t.Context()); err != nil || fmt.Sprint(next["page"]) != fmt.Sprint(page+1) {
					t.Fatalf("after page %d: %v, %v", page, next, err)
				}
			}
		}
		params = throughJSON(t, next)
	}
	// Another list does not know the pages of this one.
	r, err := conn.Execute(t.Context(), "issues", "list", client.Params{"state": "closed"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.NextParams(t.Context()); err != nil {
		t.Error(err)
	}
}

// What a program does with its parameters, while a loop runs or after a call, changes
// neither.
func TestParamsAreCopied(t *testing.T) {
	type inner struct{ Names []string }
	fresh := func() client.Params {
		return client.Params{
			"map": map[string]any{"list": []any{1, map[string]any{"x": "a"}}}, "texts": []string{"a"}, "typed": map[string][]int{"n": {1}},
			"struct": inner{[]string{"a"}}, "pointer": &inner{[]string{"a"}}, "raw": json.RawMessage(`{"a":1}`), "number": json.Number("9007199254740993"), "float": 2500000.0,
		}
	}
	spoil := func(p client.Params) {
		p["map"].(map[string]any)["list"].([]any)[1].(map[string]any)["x"] = "b"
		p["map"].(map[string]any)["list"].([]any)[0] = 2
		p["texts"].([]string)[0] = "b"
		p["typed"].(map[string][]int)["n"][0] = 2
		p["struct"].(inner).Names[0] = "b"
		p["pointer"].(*inner).Names[0] = "b"
		p["raw"].(json.RawMessage)[5] = '2'
		p["more"] = true
		delete(p, "number")
	}
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(`[{"id":1}]`, fmt.Sprintf(`{"has_next_page":%t,"end_cursor":"c"}`, n%2 == 0))
	}}
	conn := v.connector(t, "github")
	for name, opts := range map[string][]client.ExecuteOption{"": nil, "prefetch": {client.WithPrefetch()}} {
		params := fresh()
		v.asked = nil
		for _, err := range client.All[row](t.Context(), conn, "issues", "list", params, opts...) {
			if err != nil {
				t.Fatal(err)
			}
			if params["more"] == nil {
				spoil(params)
			}
		}
		want := maps.Clone(v.asked[0])
		want["after"] = "c"
		if len(v.asked) != 2 || fmt.Sprint(v.asked[1]) != fmt.Sprint(want) {
			t.Errorf("All %s: %v", name, v.asked)
		}
	}
	params := fresh()
	v.asked = nil
	r, err := conn.Execute(t.Context(), "issues", "list", params)
	if err != nil {
		t.Fatal(err)
	}
	spoil(params)
	next, err := r.NextParams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := fresh()
	want["after"] = "c"
	if got, want := jsonOf(t, next), jsonOf(t, want); got != want {
		t.Errorf("NextParams returns %s, want %s", got, want)
	}
	spoil(next)
	if again, err := r.NextParams(t.Context()); err != nil || jsonOf(t, again) != jsonOf(t, want) {
		t.Errorf("NextParams returns %v, %v after a change of what it returned", again, err)
	}
	if body := jsonOf(t, v.asked[0]); !strings.Contains(body, "9007199254740993") || !strings.Contains(body, `"float":2500000`) {
		t.Errorf("sent %s", body)
	}
	// A value that contains itself is an error, not an endless loop.
	loop := map[string]any{}
	loop["loop"], loop["again"] = loop, loop
	if _, err := conn.Execute(t.Context(), "issues", "list", loop); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A Pager that ends its goroutine, as t.FailNow does, or panics is no end of the pages.
func TestPagerThatDoesNotReturn(t *testing.T) {
	for _, opts := range [][]client.ExecuteOption{nil, {client.WithPrefetch()}} {
		for name, leave := range map[string]func(){"Goexit": runtime.Goexit, "panic": func() { panic("no") }} {
			v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1}]`, `{}`) }}
			conn := v.connector(t, "x")
			ended, recovered := false, any(nil)
			var wg sync.WaitGroup
			wg.Go(func() {
				defer func() { recovered = recover() }()
				pager := client.WithPager(func(*client.Result, client.Params) (client.Params, error) { leave(); return nil, nil })
				for range client.All[row](t.Context(), conn, "things", "list", nil, append(slices.Clone(opts), pager)...) {
				}
				ended = true
			})
			wg.Wait()
			if ended || (name == "panic") != (recovered != nil) {
				t.Errorf("%s, %d options: the loop ended: %t; recovered %v", name, len(opts), ended, recovered)
			}
		}
	}
}

// WithRecordsPerPage sets the parameter that the action declares, before anything is
// sent.
func TestRecordsPerPage(t *testing.T) {
	const described = `[{"entity_name":"things","available_actions":["list"],"parameters":{"list":[{"name":"maxResults","in":"query","required":false,"type":"integer"}]}}]`
	for name, tt := range map[string]struct {
		slug, entity, action string
		params               client.Params
		describes            string
		n                    int
		want                 string // what is asked for; "" for nothing
		described            int
	}{
		"in the table":           {slug: "github", entity: "issues", n: 7, want: "map[per_page:7]"},
		"in place of another":    {slug: "github", entity: "issues", params: client.Params{"per_page": 3, "state": "open"}, n: 7, want: "map[per_page:7 state:open]"},
		"described":              {slug: "acme", entity: "things", describes: described, n: 7, want: "map[maxResults:7]", described: 1},
		"another entity":         {slug: "acme", entity: "others", describes: described, n: 7, described: 1},
		"not described":          {slug: "acme", entity: "things", n: 7, described: 1},
		"in the context store":   {slug: "acme", entity: "things", action: "context_store_search", n: 7, want: "map[limit:7]"},
		"in SQL":                 {slug: "acme", entity: "things", action: "context_store_sql_query", n: 7},
		"an action without such": {slug: "amplitude", entity: "cohorts", n: 7},
		"zero":                   {slug: "github", entity: "issues", n: 0},
		"negative":               {slug: "github", entity: "issues", n: -1},
	} {
		t.Run(name, func(t *testing.T) {
			action := "list"
			if tt.action != "" {
				action = tt.action
			}
			for way, call := range map[string]func(c *client.Connector) error{
				"All": func(c *client.Connector) error {
					for _, err := range client.All[row](t.Context(), c, tt.entity, action, tt.params, client.WithRecordsPerPage(tt.n)) {
						return err
					}
					return nil
				},
				"Connector.Execute": func(c *client.Connector) error {
					_, err := c.Execute(t.Context(), tt.entity, action, tt.params, client.WithRecordsPerPage(tt.n))
					return err
				},
				"Execute": func(c *client.Connector) error {
					_, _, err := client.Execute[any](t.Context(), c, tt.entity, action, tt.params, client.WithRecordsPerPage(tt.n))
					return err
				},
			} {
				v := &vendor{describes: tt.describes, answer: func(int, map[string]any) string { return success(`[]`, `{}`) }}
				err := call(v.connector(t, tt.slug))
				if tt.want == "" && (!errors.Is(err, client.ErrInvalid) || len(v.asked) != 0) || tt.want != "" && (err != nil || len(v.asked) != 1 || fmt.Sprint(v.asked[0]) != tt.want) {
					t.Errorf("%s: %v; asked for %v, want %s", way, err, v.asked, tt.want)
				}
				if v.described != tt.described {
					t.Errorf("%s: %d descriptions, want %d", way, v.described, tt.described)
				}
			}
		})
	}
}

// The size is that of every page, and tells that a shorter one is the last.
func TestRecordsPerPageOnEveryPage(t *testing.T) {
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success([]string{`[{"id":1},{"id":2}]`, `[{"id":3},{"id":4}]`, `[{"id":5}]`}[n], `{}`)
	}}
	rows, errs := collect(client.All[row](t.Context(), v.connector(t, "monday"), "updates", "list", nil, client.WithRecordsPerPage(2)))
	if ids(rows) != "1 2 3 4 5" || errs != nil || fmt.Sprint(v.asked) != "[map[limit:2] map[limit:2 page:2] map[limit:2 page:3]]" {
		t.Errorf("rows %s, %v; asked %v", ids(rows), errs, v.asked)
	}
}

// That a description does not come for a reason that may pass is what the error says,
// and the next call asks again.
func TestRecordsPerPageWithoutAnAnswer(t *testing.T) {
	for status, want := range map[int]error{
		http.StatusBadGateway: client.ErrServer, http.StatusUnauthorized: client.ErrUnauthorized, http.StatusForbidden: client.ErrInvalid, http.StatusNotFound: client.ErrInvalid,
	} {
		asked := 0
		rt := roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodGet {
				return says(http.StatusOK, `{"data":[{"id":"`+vendorID+`","summarized_source_template":{"connector_name":"acme"}}]}`)(req)
			}
			asked++
			return says(status, `{}`)(req)
		})
		conn := newClient(t, rt, client.WithMaxRetries(0)).DefaultWorkspace().ConnectorByID(vendorID)
		for range 2 {
			asked = 0
			_, err := conn.Execute(t.Context(), "things", "list", client.Params{"a": 1}, client.WithRecordsPerPage(2))
			if !errors.Is(err, want) || errors.Is(err, client.ErrInvalid) != (want == client.ErrInvalid) || fmt.Sprint(asError(t, err).Params) != "map[a:1]" {
				t.Errorf("status %d: %v", status, err)
			}
		}
		if again := want != client.ErrInvalid; again != (asked > 0) {
			t.Errorf("status %d: asked %d times the second time", status, asked)
		}
	}
}

// The records of a page are those of this attempt of this page, whatever buffers were
// used before.
func TestRecordsAreOfThisPage(t *testing.T) {
	const envelope = `{"status":"success",%s"connector_metadata":%s}`
	page := func(result, metadata string) string { return fmt.Sprintf(envelope, result, metadata) }
	const more, last = `{"has_next_page":true,"end_cursor":"c%d"}`, `{"has_next_page":false}`
	for name, tt := range map[string]struct {
		action string
		second string // the second response
		want   string
	}{
		"no result":                      {second: ``, want: "1 2"},
		"null":                           {second: `"result":null,`, want: "1 2"},
		"a name in another case":         {second: `"Result":[{"id":3}],`, want: "1 2"},
		"twice":                          {second: `"result":[{"id":3},{"id":4}],"result":[{"id":5}],`, want: "1 2 5"},
		"twice, the last one null":       {second: `"result":[{"id":3},{"id":4}],"result":null,`, want: "1 2"},
		"an empty record":                {second: `"result":[{},{"id":4}],`, want: "1 2 0 4"},
		"null as a record":               {second: `"result":[null,{"id":4}],`, want: "1 2 0 4"},
		"search: no result":              {action: "context_store_search", second: ``, want: "1 2"},
		"search: no data":                {action: "context_store_search", second: `"result":{"meta":{"has_more":false}},`, want: "1 2"},
		"search: data twice":             {action: "context_store_search", second: `"result":{"data":[{"id":3},{"id":4}],"data":[{"id":5}],"meta":{"has_more":false}},`, want: "1 2 5"},
		"search: data twice, null":       {action: "context_store_search", second: `"result":{"data":[{"id":3}],"data":null,"meta":{"has_more":false}},`, want: "1 2"},
		"api_search: data twice, null":   {action: "api_search", second: `"result":{"data":[{"id":3}],"data":null,"meta":{"has_more":false}},`, want: "1 2"},
		"list: data and meta":            {second: `"result":{"data":[{"id":3},{"id":4}],"meta":{"x":1}},`, want: "1 2 3 4"},
		"list: a record that has a data": {second: `"result":{"data":[{"id":3}],"id":7},`, want: "1 2 7"},
	} {
		for _, prefetch := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/prefetch=%t", name, prefetch), func(t *testing.T) {
				action, first := cmp.Or(tt.action, "list"), `"result":[{"id":1},{"id":2}],`
				if action == "context_store_search" {
					first = `"result":{"data":[{"id":1},{"id":2}],"meta":{"has_more":true,"cursor":"c"}},`
				}
				v := &vendor{answer: func(n int, _ map[string]any) string {
					if n == 0 {
						return page(first, fmt.Sprintf(more, n))
					}
					return page(tt.second, last)
				}}
				var opts []client.ExecuteOption
				if prefetch {
					opts = append(opts, client.WithPrefetch())
				}
				rows, errs := collect(client.All[row](t.Context(), v.connector(t, "github"), "issues", action, nil, opts...))
				if ids(rows) != tt.want || errs != nil {
					t.Errorf("rows %s, %v; want %s", ids(rows), errs, tt.want)
				}
			})
		}
	}
	// An attempt that broke off after some records leaves none behind.
	n := 0
	v := &vendor{answer: func(int, map[string]any) string { return page("", last) }}
	rt := roundTrip(func(req *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			text := `{"status":"success","result":[{"id":1},{"id":2},`
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: 1000, Body: io.NopCloser(io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrUnexpectedEOF))), Request: req}, nil
		}
		return v.RoundTrip(req)
	})
	c, err := client.Connect(t.Context(), "github", client.WithConnectorID(vendorID), client.WithBaseURL("https://api.test"), client.WithTokenSource(auth.Static("token")), client.WithHTTPClient(&http.Client{Transport: rt}))
	if err != nil {
		t.Fatal(err)
	}
	rows, errs := collect(client.All[row](t.Context(), c, "issues", "list", nil))
	if len(rows) != 0 || errs != nil || n != 2 {
		t.Errorf("rows %v, %v after %d attempts", rows, errs, n)
	}
}

// Pages yields each page once, and what NextParams then returns is what Pages goes on
// with.
func TestPages(t *testing.T) {
	pages := []string{`[{"id":1},{"id":2}]`, `[{"id":3},{"id":4}]`, `[{"id":5}]`}
	for name, tt := range map[string]struct {
		slug, entity, action string
		params               client.Params
		answer               func(n int, params map[string]any) string
		want                 string // the IDs of each page
		asked                int
		kinds                string
	}{
		"a cursor": {slug: "github", entity: "issues", answer: func(n int, _ map[string]any) string {
			return success(pages[n], []string{`{"has_next_page":true,"end_cursor":"a"}`, `{"has_next_page":true,"end_cursor":"b"}`, `{"has_next_page":false}`}[n])
		}, want: "1 2/3 4/5", asked: 3},
		"numbers": {slug: "monday", entity: "updates", params: client.Params{"limit": 2}, answer: func(n int, _ map[string]any) string { return success(pages[n], `{}`) }, want: "1 2/3 4/5", asked: 3},
		"a page that comes again": {slug: "github", entity: "issues", answer: func(n int, _ map[string]any) string {
			return success(pages[min(n, 1)], `{"has_next_page":true,"end_cursor":"a"}`)
		}, want: "1 2/3 4", asked: 2, kinds: "ErrPaging"},
		"records that come again": {slug: "monday", entity: "updates", params: client.Params{"limit": 2}, answer: func(int, map[string]any) string { return success(pages[0], `{"has_more":true}`) }, want: "1 2", asked: 2, kinds: "ErrPaging+ErrPageRepeated"},
		"counted from 1": {slug: "acme", entity: "things", params: client.Params{"page": 0}, answer: func(n int, _ map[string]any) string {
			return success(pages[max(n-1, 0)], []string{`{"has_more":true}`, `{"has_more":true}`, `{"has_more":true}`, `{"has_more":false}`}[n])
		}, want: "1 2/3 4/5", asked: 4},
		"a next page that cannot be asked for": {slug: "github", entity: "issues", answer: func(n int, _ map[string]any) string {
			return success(pages[n], `{"has_next_page":true}`)
		}, want: "1 2", asked: 1, kinds: "ErrPaging"},
		"a failure": {slug: "github", entity: "issues", answer: func(n int, _ map[string]any) string {
			return []string{success(pages[0], `{"has_next_page":true,"end_cursor":"a"}`), `{"status":"failed","error_message":"no"}`}[n]
		}, want: "1 2", asked: 2, kinds: "ErrExecution"},
		"an action that may change something": {slug: "github", entity: "issues", action: "create", answer: func(n int, _ map[string]any) string {
			return success(pages[n], `{"has_next_page":true,"next_cursor":"a"}`)
		}, want: "1 2", asked: 1, kinds: "ErrPaging"},
	} {
		t.Run(name, func(t *testing.T) {
			v := &vendor{answer: tt.answer}
			action := cmp.Or(tt.action, "list")
			var got []string
			var failed error
			for page, err := range v.connector(t, tt.slug).Pages(t.Context(), tt.entity, action, tt.params) {
				if failed = err; err != nil {
					continue // nothing may follow
				}
				rows, errs := collect(client.Rows[row](page))
				if errs != nil {
					t.Error(errs)
				}
				got = append(got, ids(rows))
			}
			if strings.Join(got, "/") != tt.want || len(v.asked) != tt.asked {
				t.Errorf("pages %q after %d requests, want %s after %d: %v", got, len(v.asked), tt.want, tt.asked, failed)
			}
			if tt.kinds == "" {
				if failed != nil {
					t.Error(failed)
				}
				return
			}
			wantKinds(t, failed, tt.kinds)
		})
	}
}

// No second page is asked for in the loop over All of an action that may change
// something, unless a Pager says how.
func TestAllRepeatsNoWrite(t *testing.T) {
	v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1}]`, `{"next_cursor":"a"}`) }}
	for _, opts := range [][]client.ExecuteOption{nil, {client.WithPageParam("cursor")}, {client.WithPrefetch()}} {
		v.asked = nil
		rows, errs := collect(client.All[row](t.Context(), v.connector(t, "acme"), "things", "create", nil, opts...))
		if ids(rows) != "1" || len(errs) != 1 || !errors.Is(errs[0], client.ErrPaging) || len(v.asked) != 1 {
			t.Errorf("rows %s, %v; asked %v", ids(rows), errs, v.asked)
		}
	}
	v.asked = nil
	pager := client.WithPager(func(*client.Result, client.Params) (client.Params, error) {
		if len(v.asked) < 2 {
			return client.Params{"cursor": "a"}, nil
		}
		return nil, nil
	})
	if rows, errs := collect(client.All[row](t.Context(), v.connector(t, "acme"), "things", "create", nil, pager)); ids(rows) != "1 1" || errs != nil {
		t.Errorf("with a Pager: rows %s, %v", ids(rows), errs)
	}
}

// A size beside the number of a page is that which the number was counted with.
func TestRecordsPerPageAfterAPageNumber(t *testing.T) {
	for name, tt := range map[string]struct {
		slug, entity string
		params       client.Params
		want         string
	}{
		"number":            {"monday", "updates", client.Params{"page": 4, "limit": 5}, "map[limit:5 page:4]"},
		"number as text":    {"monday", "updates", client.Params{"page": "4", "limit": 5}, "map[limit:5 page:4]"},
		"number, no size":   {"monday", "updates", client.Params{"page": 4}, "map[limit:10 page:4]"},
		"size, no number":   {"monday", "updates", client.Params{"limit": 5}, "map[limit:10]"},
		"cursor":            {"github", "issues", client.Params{"after": "c", "per_page": 5}, "map[after:c per_page:10]"},
		"null in its place": {"monday", "updates", client.Params{"page": nil, "limit": 5}, "map[limit:10 page:<nil>]"},
	} {
		v := &vendor{answer: func(int, map[string]any) string { return success(`[]`, `{}`) }}
		if _, err := v.connector(t, tt.slug).Execute(t.Context(), tt.entity, "list", tt.params, client.WithRecordsPerPage(10)); err != nil || fmt.Sprint(v.asked) != "["+tt.want+"]" {
			t.Errorf("%s: asked %v, want %s: %v", name, v.asked, tt.want, err)
		}
	}
}
