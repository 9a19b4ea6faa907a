package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const vendorID = "11111111-2222-3333-4444-555555555555"

// A vendor responds to executions from memory, and keeps the parameters of the
// requests.
type vendor struct {
	answer func(n int, params map[string]any) string // of the n-th execution, from 0
	asked  []map[string]any

	describes string // the response to describe; "" means that the connector refuses
	described int    // how often it was asked
}

func (v *vendor) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet { // the slug is looked up, and not found
		return says(http.StatusNotFound, `{}`)(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var r struct {
		Action string         `json:"action"`
		Params map[string]any `json:"params"`
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if err := dec.Decode(&r); err != nil {
		return nil, err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if r.Action == "describe" {
		if v.described++; v.describes == "" {
			return says(http.StatusUnprocessableEntity, `{"message":"no description"}`)(req)
		}
		return says(http.StatusOK, success(v.describes, `{}`))(req)
	}
	text := v.answer(len(v.asked), r.Params)
	v.asked = append(v.asked, r.Params)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: req,
	}, nil
}

// connector returns a connector of the vendor, with a slug.
func (v *vendor) connector(t testing.TB, slug string) *client.Connector {
	t.Helper()
	c, err := client.Connect(t.Context(), slug, client.WithConnectorID(vendorID), client.WithBaseURL("https://api.test"),
		client.WithTokenSource(auth.Static("token")), client.WithHTTPClient(&http.Client{Transport: v}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func success(result, metadata string) string {
	return fmt.Sprintf(`{"status":"success","result":%s,"connector_metadata":%s,"execution_metadata":{"connector_instance_id":"source_id:%s","execution_time_ms":7}}`, result, metadata, vendorID)
}

type row struct {
	ID int `json:"id"`
}

func ids(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprint(&b, r.ID, " ")
	}
	return strings.TrimSpace(b.String())
}

func collect[T any](seq func(func(T, error) bool)) (rows []T, errs []error) {
	for r, err := range seq {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		rows = append(rows, r)
	}
	return rows, errs
}

// There are two pages in every way in which connectors page. The parameter of
// the second request is what matters.
func TestAllAsksForTheNextPage(t *testing.T) {
	num := func(s string) json.Number { return json.Number(s) }
	for _, tt := range []struct {
		name, slug, action string
		params             client.Params
		opts               []client.ExecuteOption
		first, metadata    string // of the first page
		want               map[string]any
	}{
		{name: "github", slug: "github", metadata: `{"has_next_page":true,"end_cursor":"c"}`, want: map[string]any{"after": "c"}},
		{name: "github by another spelling", slug: "GitHub", metadata: `{"has_next_page":true,"end_cursor":"c"}`, want: map[string]any{"after": "c"}},
		{name: "linear", slug: "linear", metadata: `{"hasNextPage":true,"endCursor":"c"}`, want: map[string]any{"after": "c"}},
		{name: "stripe", slug: "stripe", metadata: `{"has_more":true}`, first: `[{"id":1},{"id":7}]`, want: map[string]any{"starting_after": "7"}},
		{name: "cursor", slug: "x", metadata: `{"next_cursor":"c"}`, want: map[string]any{"cursor": "c"}},
		{name: "end cursor of an unknown one", metadata: `{"has_next_page":true,"end_cursor":"c"}`, want: map[string]any{"cursor": "c"}},
		{name: "page token", slug: "x", metadata: `{"next_page_token":"c"}`, want: map[string]any{"page_token": "c"}},
		{name: "pageToken", slug: "x", metadata: `{"nextPageToken":"c"}`, want: map[string]any{"pageToken": "c"}},
		{name: "offset", slug: "x", metadata: `{"next_offset":9007199254740993}`, want: map[string]any{"offset": num("9007199254740993")}},
		{name: "next page", slug: "x", metadata: `{"next_page":2}`, want: map[string]any{"page": num("2")}},
		{name: "page that is full", slug: "x", metadata: `{"page":1,"has_more":true}`, want: map[string]any{"page": num("2")}},
		{name: "page of the caller", slug: "x", params: client.Params{"page": 4}, metadata: `{"has_more":true}`, want: map[string]any{"page": num("5")}},
		{name: "offset of the caller", slug: "x", params: client.Params{"offset": 10}, metadata: `{"has_more":true}`, want: map[string]any{"offset": num("12")}},
		{name: "text stays text", slug: "x", params: client.Params{"page": "4"}, metadata: `{"next_page":"5"}`, want: map[string]any{"page": "5"}},
		{name: "after", slug: "hubspot", metadata: `{"paging":{"next":{"after":"c"}}}`, want: map[string]any{"after": "c"}},
		{name: "name of the caller", slug: "github", params: client.Params{"cursor": "b", "x": nil}, metadata: `{"has_next_page":true,"end_cursor":"c"}`, want: map[string]any{"cursor": "c", "x": nil}},
		{name: "option", slug: "github", params: client.Params{"cursor": "b"}, opts: []client.ExecuteOption{client.WithPageParam("mark")}, metadata: `{"next_cursor":"c"}`, want: map[string]any{"cursor": "b", "mark": "c"}},
		{name: "search", slug: "github", action: "context_store_search", first: `{"data":[{"id":1},{"id":2}],"meta":{"has_more":true,"cursor":"c"}}`, metadata: `{}`, want: map[string]any{"cursor": "c"}},
		{name: "pager", slug: "x", metadata: `{"next_link":"https://x/?p=9"}`, opts: []client.ExecuteOption{client.WithPager(func(r *client.Result, p client.Params) (client.Params, error) {
			if !r.Page().HasNext {
				return nil, nil
			}
			_, after, _ := strings.Cut(r.Page().Cursor, "p=")
			return client.Params{"p": after, "bytes": len(r.Data)}, nil
		})}, want: map[string]any{"p": "9", "bytes": num("19")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.action == "" {
				tt.action = "list"
			}
			if tt.first == "" {
				tt.first = `[{"id":1},{"id":2}]`
			}
			v := &vendor{answer: func(n int, _ map[string]any) string {
				switch {
				case n == 0:
					return success(tt.first, tt.metadata)
				case tt.action == "context_store_search":
					return success(`{"data":[{"id":3}],"meta":{"has_more":false,"cursor":null}}`, `{}`)
				}
				return success(`[{"id":3}]`, `{}`)
			}}
			conn := v.connector(t, tt.slug)
			if tt.slug == "" {
				conn = conn.Workspace().ConnectorByID(vendorID)
			}
			before := maps.Clone(tt.params)
			rows, errs := collect(client.All[row](t.Context(), conn, "things", tt.action, tt.params, tt.opts...))
			if len(errs) > 0 || len(rows) != 3 {
				t.Fatalf("rows %v, errors %v", rows, errs)
			}
			if len(v.asked) != 2 {
				t.Fatalf("%d requests, want 2", len(v.asked))
			}
			if got := fmt.Sprintf("%#v", v.asked[1]); got != fmt.Sprintf("%#v", tt.want) {
				t.Errorf("second request has %v, want %v", got, fmt.Sprintf("%#v", tt.want))
			}
			if !maps.Equal(before, tt.params) {
				t.Errorf("the caller's parameters became %v", tt.params)
			}
		})
	}
}

// A page that cannot be requested is an error that says what to do. It is never
// ignored.
func TestAllNeverStopsInSilence(t *testing.T) {
	for _, tt := range []struct {
		name, slug string
		metadata   func(n int) string
		requests   int
	}{
		{"more without a cursor", "x", func(int) string { return `{"has_more":true}` }, 1},
		{"link", "x", func(int) string { return `{"next_link":"https://x/2"}` }, 1},
		{"salesforce", "salesforce", func(int) string { return `{"done":false,"nextRecordsUrl":"/services/data/2"}` }, 1},
		{"the same cursor", "x", func(int) string { return `{"next_cursor":"c"}` }, 2},
		{"a cycle", "x", func(n int) string { return fmt.Sprintf(`{"next_cursor":"c%d"}`, n%3) }, 4},
		{"stripe without ids", "stripe", func(int) string { return `{"has_more":true}` }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := &vendor{answer: func(n int, _ map[string]any) string {
				return success(fmt.Sprintf(`[{"x":%d}]`, n), tt.metadata(n))
			}}
			rows, errs := collect(client.All[row](t.Context(), v.connector(t, tt.slug), "things", "list", nil))
			if len(errs) != 1 || !errors.Is(errs[0], client.ErrPaging) || !strings.Contains(errs[0].Error(), "WithPageParam") {
				t.Errorf("errors %v, want one ErrPaging that names WithPageParam", errs)
			}
			if len(v.asked) != tt.requests || len(rows) != tt.requests {
				t.Errorf("%d requests, %d rows; want %d", len(v.asked), len(rows), tt.requests)
			}
		})
	}
}

// A page that comes again because the connector did not understand the cursor
// is not yielded again.
func TestAllYieldsNoPageTwice(t *testing.T) {
	for name, opts := range map[string][]client.ExecuteOption{"": nil, "with prefetch": {client.WithPrefetch()}} {
		v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1},{"id":"two"}]`, `{"next_cursor":"c"}`) }}
		rows, errs := collect(client.All[row](t.Context(), v.connector(t, "x"), "things", "list", nil, opts...))
		if len(rows) != 1 || len(errs) != 2 || !errors.Is(errs[1], client.ErrPaging) || len(v.asked) != 2 {
			t.Errorf("%s: rows %v, errors %v, %d requests", name, rows, errs, len(v.asked))
		}
	}
}

// A link is sent, too, if the caller says under which name.
func TestAllFollowsLinksUnderAName(t *testing.T) {
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(fmt.Sprintf(`[{"id":%d}]`, n), []string{`{"done":false,"nextRecordsUrl":"/services/data/2"}`, `{"done":true}`}[n])
	}}
	rows, errs := collect(client.All[row](t.Context(), v.connector(t, "salesforce"), "things", "list", nil, client.WithPageParam("next")))
	if len(rows) != 2 || len(errs) != 0 || len(v.asked) != 2 || v.asked[1]["next"] != "/services/data/2" {
		t.Errorf("rows %v, errors %v, asked %v", rows, errs, v.asked)
	}
}

// Vendors who count pages, each in a way of its own, and the records that All
// finds on their three pages.
func TestAllCountsPages(t *testing.T) {
	asked := func(params map[string]any, name string) any { // the first page is 1
		if n, ok := params[name]; ok {
			return n
		}
		return 1
	}
	for name, tt := range map[string]struct {
		params   client.Params
		param    string // for WithPageParam
		metadata func(n int, params map[string]any) string
		want     string // the records; empty if All should end with ErrPaging after the first page
	}{
		"total pages, page_number": {client.Params{"page_number": 1}, "", func(_ int, p map[string]any) string {
			return fmt.Sprintf(`{"page":%v,"total_pages":3}`, p["page_number"])
		}, "0 1 2"},
		"has more, pageNumber": {client.Params{"pageNumber": 1}, "", func(n int, p map[string]any) string {
			return fmt.Sprintf(`{"page":%v,"has_more":%v}`, p["pageNumber"], n < 2)
		}, "0 1 2"},
		"named page_number": {nil, "page_number", func(_ int, p map[string]any) string {
			return fmt.Sprintf(`{"page":%v,"total_pages":3}`, asked(p, "page_number"))
		}, "0 1 2"},
		"named pageNo": {nil, "pageNo", func(n int, p map[string]any) string {
			return fmt.Sprintf(`{"page":%v,"has_more":%v}`, asked(p, "pageNo"), n < 2)
		}, "0 1 2"},
		"named offset": {nil, "offset", func(n int, _ map[string]any) string {
			return fmt.Sprintf(`{"page":%d,"has_more":%v}`, n+1, n < 2)
		}, "0 1 2"},
		"number of the last page": {nil, "", func(n int, _ map[string]any) string {
			return fmt.Sprintf(`{"current_page":%d,"last_page":3}`, n+1)
		}, "0 1 2"},
		"cursor of this page": {nil, "", func(n int, _ map[string]any) string {
			return []string{`{"cursor":null,"next_cursor":"A"}`, `{"cursor":"A","next_cursor":"B"}`, `{"cursor":"B","next_cursor":null}`}[n]
		}, "0 1 2"},
		"cursor of this page, and more": {client.Params{"cursor": "A"}, "", func(int, map[string]any) string {
			return `{"cursor":"A","next_cursor":null,"has_more":true}`
		}, ""},
		"cursor of this page, and nothing about the next": {client.Params{"cursor": "A"}, "", func(int, map[string]any) string {
			return `{"cursor":"A"}`
		}, ""},
		"another cursor beside one that is null": {nil, "", func(n int, _ map[string]any) string {
			return []string{`{"cursor":"A","next_token":null}`, `{"cursor":"B","next_token":null}`, `{"cursor":null}`}[n]
		}, "0 1 2"},
	} {
		t.Run(name, func(t *testing.T) {
			v := &vendor{answer: func(n int, params map[string]any) string {
				return success(fmt.Sprintf(`[{"id":%d}]`, n), tt.metadata(n, params))
			}}
			var opts []client.ExecuteOption
			if tt.param != "" {
				opts = append(opts, client.WithPageParam(tt.param))
			}
			rows, errs := collect(client.All[row](t.Context(), v.connector(t, "x"), "things", "list", tt.params, opts...))
			if tt.want == "" {
				if ids(rows) != "0" || len(errs) != 1 || !errors.Is(errs[0], client.ErrPaging) {
					t.Errorf("rows %s, errors %v, want the first and ErrPaging", ids(rows), errs)
				}
			} else if ids(rows) != tt.want || errs != nil {
				t.Errorf("rows %s, errors %v, want %s; asked %v", ids(rows), errs, tt.want, v.asked)
			}
		})
	}
}

// A connector that ignores the number of the page sends the same one forever.
func TestAllEndsIfPagesRepeat(t *testing.T) {
	for _, params := range []client.Params{{"page": 1}, {"offset": 0}} {
		v := &vendor{answer: func(int, map[string]any) string { return success(`[{"id":1},{"id":2}]`, `{"has_more":true}`) }}
		rows, errs := collect(client.All[row](t.Context(), v.connector(t, "x"), "things", "list", params))
		if ids(rows) != "1 2" || len(errs) != 1 || !errors.Is(errs[0], client.ErrPageRepeated) || !errors.Is(errs[0], client.ErrPaging) || !strings.Contains(errs[0].Error(), "sent the same records again") {
			t.Errorf("%v: rows %s, errors %v", params, ids(rows), errs)
		}
	}
}

func TestAllGoesOnAfterARecordThatDoesNotFit(t *testing.T) {
	v := &vendor{answer: func(n int, _ map[string]any) string {
		if n == 0 {
			return success(`[{"id":1},{"id":"two"}, {"id":3},[],{"id":{"a":[1]}},{"id":6}]`, `{"next_cursor":"c"}`)
		}
		return success(`[]`, `{}`)
	}}
	var text []string
	for r, err := range client.All[row](t.Context(), v.connector(t, "x"), "things", "list", nil) {
		var rec *client.RecordError
		switch {
		case err == nil:
			text = append(text, fmt.Sprint(r.ID))
		case errors.As(err, &rec):
			text = append(text, fmt.Sprintf("%d/%s/%s", rec.Index, rec.Field, rec.Raw))
		default:
			t.Fatal(err)
		}
	}
	want := []string{"1", `1/id/{"id":"two"}`, "3", `3//[]`, `4/id/{"id":{"a":[1]}}`, "6"}
	if !slices.Equal(text, want) {
		t.Errorf("got  %q\nwant %q", text, want)
	}
}

func TestAllEmptyPagesAndBreak(t *testing.T) {
	for _, prefetch := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { // fails if a goroutine remains
			var opts []client.ExecuteOption
			if prefetch {
				opts = append(opts, client.WithPrefetch())
			}
			v := &vendor{answer: func(n int, _ map[string]any) string {
				if n == 1 {
					return success(`[]`, `{"next_cursor":"c1"}`)
				}
				if n == 4 {
					return success(`null`, `{}`)
				}
				return success(fmt.Sprintf(`[{"id":%d},{"id":%d}]`, 2*n, 2*n+1), fmt.Sprintf(`{"next_cursor":"c%d"}`, n))
			}}
			conn := v.connector(t, "x")
			rows, errs := collect(client.All[row](t.Context(), conn, "things", "list", nil, opts...))
			if got := ids(rows); got != "0 1 4 5 6 7" || errs != nil {
				t.Errorf("prefetch %v: rows %s, errors %v", prefetch, got, errs)
			}
			v.asked = nil
			for range client.All[row](t.Context(), conn, "things", "list", nil, opts...) {
				break
			}
			if n := len(v.asked); n != 1 && !(prefetch && n == 2) {
				t.Errorf("prefetch %v: %d requests after a break on page one", prefetch, n)
			}
		})
	}
}

func TestAllEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v := &vendor{answer: func(n int, _ map[string]any) string {
		return success(fmt.Sprintf(`[{"id":%d}]`, n), fmt.Sprintf(`{"next_cursor":"c%d"}`, n))
	}}
	n := 0
	for _, err := range client.All[row](ctx, v.connector(t, "x"), "things", "list", nil) {
		if n++; n == 3 {
			cancel()
		}
		if n == 4 && !errors.Is(err, context.Canceled) {
			t.Errorf("after cancel: %v", err)
		}
	}
	if n != 4 || len(v.asked) != 3 {
		t.Errorf("%d yields, %d requests", n, len(v.asked))
	}
}

// A pager gets the result as it was sent, also if the records are wrapped or do not
// all fit.
func TestPagerGetsTheData(t *testing.T) {
	for _, result := range []string{`[{"id":1}]`, `[{"id":1},{"id":"x"}]`, `{"data":[{"id":1}],"meta":{"has_more":true}}`, `{"data":[{"id":"x"}],"meta":{}}`, `{"data":[]}`} {
		v := &vendor{answer: func(int, map[string]any) string { return success(result, `{}`) }}
		var data []string
		pager := client.WithPager(func(r *client.Result, _ client.Params) (client.Params, error) {
			data = append(data, string(r.Data))
			return nil, nil
		})
		collect(client.All[row](t.Context(), v.connector(t, "x"), "things", "api_search", nil, pager))
		if len(data) != 1 || data[0] != result {
			t.Errorf("%s: %q", result, data)
		}
	}
}
