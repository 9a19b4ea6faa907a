package client

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestReadPage(t *testing.T) {
	for _, tt := range []struct {
		name, metadata string
		params         Params
		want           Page
	}{
		{"none", ``, nil, Page{}},
		{"null", `null`, nil, Page{}},
		{"list", `[1]`, nil, Page{}},
		{"nothing about pages", `{"rate_limit":{"remaining":3}}`, nil, Page{}},
		{"graphql", `{"has_next_page":true,"end_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "endcursor"}},
		{"graphql camel", `{"hasNextPage":true,"endCursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "endcursor"}},
		{"graphql end", `{"has_next_page":false,"end_cursor":"c"}`, nil, Page{}},
		{"page info", `{"pageInfo":{"hasNextPage":true,"endCursor":"c"}}`, nil, Page{HasNext: true, Cursor: "c", name: "endcursor"}},
		{"has more alone", `{"has_more":true}`, nil, Page{HasNext: true}},
		{"has more as text", `{"has_more":"true","cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "cursor"}},
		{"no more", `{"has_more":false,"cursor":"c"}`, nil, Page{}},
		{"next cursor", `{"next_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"next cursor null", `{"next_cursor":null}`, nil, Page{}},
		{"next cursor empty", `{"next_cursor":""}`, nil, Page{}},
		{"slack", `{"response_metadata":{"next_cursor":"c"}}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"page token", `{"next_page_token":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextpagetoken"}},
		{"page token camel", `{"nextPageToken":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextPageToken"}},
		{"next page", `{"next_page":3}`, nil, Page{HasNext: true, Cursor: "3", name: "nextpage", number: true}},
		{"next page null", `{"page":2,"next_page":null}`, Params{"page": 2}, Page{}},
		{"offset", `{"next_offset":9007199254740993}`, nil, Page{HasNext: true, Cursor: "9007199254740993", name: "nextoffset", number: true}},
		{"offset zero", `{"next_offset":0}`, nil, Page{}},
		{"hubspot", `{"paging":{"next":{"after":"c","link":"https://x/?after=c"}}}`, nil, Page{HasNext: true, Cursor: "c", name: "after"}},
		{"unknown name in next", `{"paging":{"next":{"token":"c"}}}`, nil, Page{HasNext: true, Cursor: "c", name: "nexttoken"}},
		{"page in next", `{"next":{"page":3,"limit":10}}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3", name: "page", number: true}},
		{"limit in next", `{"next":{"limit":10,"rel":"next"}}`, nil, Page{}},
		{"after", `{"after":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "after"}},
		{"this page, more", `{"page":1,"has_more":true}`, nil, Page{HasNext: true, Cursor: "2", name: "page", number: true, counts: true}},
		{"this page of several", `{"page":2,"total_pages":3}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3", name: "page", number: true, counts: true}},
		{"last of several", `{"page":3,"total_pages":3}`, Params{"page": 3}, Page{}},
		{"the next page's number", `{"page":3}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3", name: "page", number: true, counts: true}},
		{"this page, unknown", `{"page":2}`, Params{"page": 2}, Page{}},
		{"link", `{"next_link":"https://x/2"}`, nil, Page{HasNext: true, Cursor: "https://x/2", name: "next_link", link: true}},
		{"link in links", `{"links":{"next":"https://x/2","prev":"https://x/0"}}`, nil, Page{HasNext: true, Cursor: "https://x/2", name: "next", link: true}},
		{"page url", `{"next_page_url":"https://x/2"}`, nil, Page{HasNext: true, Cursor: "https://x/2", name: "next_page_url", link: true}},
		{"salesforce", `{"done":false,"nextRecordsUrl":"/services/data/q-2"}`, nil, Page{HasNext: true, Cursor: "/services/data/q-2", name: "nextRecordsUrl", link: true}},
		{"salesforce end", `{"done":true}`, nil, Page{}},
		{"is last", `{"isLast":false,"nextPageToken":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextPageToken"}},
		{"cursor before link", `{"next_link":"https://x/2","next_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"names in a list", `["next_cursor","c"]`, nil, Page{}},
		{"names in a list inside", `{"warnings":["x","next_cursor","c"]}`, nil, Page{}},
		{"names as values of something else", `{"rate_limit":{"a":"next_cursor","b":1}}`, nil, Page{}},
		{"cursor of something else", `{"rate_limit":{"cursor":"c"}}`, nil, Page{}},
		{"deep", `{"meta":{"paging":{"info":{"next_cursor":"c"}}}}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"too deep", `{"meta":{"paging":{"info":{"meta":{"next_cursor":"c"}}}}}`, nil, Page{}},
		{"number of the last page", `{"current_page":1,"last_page":3}`, nil, Page{HasNext: true, Cursor: "2", name: "page", number: true, counts: true}},
		{"the last page by its number", `{"current_page":3,"last_page":3}`, Params{"page": 3}, Page{}},
		{"cursor that was asked with", `{"cursor":"c","next_cursor":null}`, Params{"cursor": "c"}, Page{}},
		{"null as text", `{"next_cursor":"null"}`, nil, Page{}},
		{"true is no cursor", `{"next_cursor":true}`, nil, Page{}},
		{"false is no cursor", `{"next_cursor":false}`, nil, Page{}},
		{"empty beside a cursor", `{"cursor":"c","next_cursor":""}`, nil, Page{HasNext: true, Cursor: "c", name: "cursor"}},
		{"the better name first", `{"next_cursor":"c","cursor":"this"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"the better name last", `{"cursor":"this","next_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"end cursor and after", `{"after":"this","end_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "endcursor"}},
		{"inside next is best", `{"next_cursor":"x","next":{"after":"c"}}`, nil, Page{HasNext: true, Cursor: "c", name: "after"}},
		{"the first of equals", `{"next_cursor":"c","next_token":"x"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"cursor in next", `{"next":{"cursor":"c"}}`, nil, Page{HasNext: true, Cursor: "c", name: "cursor"}},
		{"href in next", `{"next":{"href":"/things?page=2"}}`, nil, Page{HasNext: true, Cursor: "/things?page=2", name: "href", link: true}},
		{"url in next", `{"next":{"url":"/things?page=2"}}`, nil, Page{HasNext: true, Cursor: "/things?page=2", name: "url", link: true}},
		{"link in next", `{"next":{"link":"/things?page=2"}}`, nil, Page{HasNext: true, Cursor: "/things?page=2", name: "link", link: true}},
		{"url of something else", `{"url":"https://x/2"}`, nil, Page{}},
		{"http link", `{"next":"http://x/2"}`, nil, Page{HasNext: true, Cursor: "http://x/2", name: "next", link: true}},
		{"path of salesforce", `{"next":"/services/data/q-2"}`, nil, Page{HasNext: true, Cursor: "/services/data/q-2", name: "next", link: true}},
		{"offset of this page", `{"offset":10,"limit":10}`, nil, Page{}},
		{"number in page", `{"page":{"number":1},"total_pages":3}`, nil, Page{HasNext: true, Cursor: "2", name: "page", number: true, counts: true}},
		{"number of something else", `{"number":1,"total_pages":3}`, nil, Page{}},
		{"page count", `{"page":1,"page_count":3}`, nil, Page{HasNext: true, Cursor: "2", name: "page", number: true, counts: true}},
		{"last page number", `{"page":1,"last_page_number":3}`, nil, Page{HasNext: true, Cursor: "2", name: "page", number: true, counts: true}},
		{"page 0", `{"page":0,"has_more":true}`, nil, Page{HasNext: true, Cursor: "1", name: "page", number: true, counts: true}},
		{"page 2 without asking", `{"page":2,"has_more":true}`, nil, Page{HasNext: true, Cursor: "2", name: "page", number: true, counts: true}},
		{"a flag beats a count", `{"page":3,"total_pages":3,"has_more":true}`, Params{"page": 3}, Page{HasNext: true, Cursor: "4", name: "page", number: true, counts: true}},
		{"truncated", `{"has_more":true,"next_cursor":"c"`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := readPage(jsontext.Value(tt.metadata), tt.params, ""); got != tt.want {
				t.Errorf("readPage(%s)\n got %#v\nwant %#v", tt.metadata, got, tt.want)
			}
		})
	}
}

func TestPageString(t *testing.T) {
	for want, p := range map[string]Page{
		`client.Page{HasNext: false, Cursor: ""}`: {},
		`client.Page{HasNext: true, Cursor: "c"}`: {HasNext: true, Cursor: "c", name: "after", number: true},
	} {
		if got := fmt.Sprintf("%v %+v", p, p); got != want+" "+want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// These are the names that vendors use, in their own spelling.
func TestPagingNames(t *testing.T) {
	for _, name := range []string{
		"next_cursor", "nextCursor", "next_page_token", "nextPageToken", "next_offset", "nextOffset", "next_token", "NextToken", "next_page", "nextPage",
		"end_cursor", "endCursor", "after", "starting_after", "page_token", "pageToken", "continuation_token", "continuationToken", "cursor", "next", "offset", "@next",
	} {
		if got := readPage(jsontext.Value(`{"`+name+`":"c"}`), nil, ""); !got.HasNext || got.Cursor != "c" || got.link {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, name := range []string{
		"next_link", "nextLink", "@odata.nextLink", "next_page_url", "next_page_link", "nextRecordsUrl", "next_url", "next_href",
	} {
		if got := readPage(jsontext.Value(`{"`+name+`":"x"}`), nil, ""); !got.link || got.Cursor != "x" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, more := range map[string]bool{
		"has_next_page": true, "hasNextPage": true, "has_more": true, "hasMore": true, "has_next": true, "more": true, "has_more_pages": true, "more_records": true,
		"more_results_available": true, "is_last": false, "isLast": false, "is_last_page": false, "last_page": false, "done": false,
	} {
		for _, flag := range []bool{true, false} {
			got := readPage(jsontext.Value(fmt.Sprintf(`{"%s":%v,"cursor":"c"}`, name, flag)), nil, "")
			if got.HasNext != (flag == more) {
				t.Errorf("%s %v: %+v", name, flag, got)
			}
		}
	}
	for _, name := range []string{"pagination", "paging", "page_info", "pageInfo", "meta", "metadata", "response_metadata", "links", "_links", "cursors", "cursor", "page", "next", "info"} {
		if got := readPage(jsontext.Value(`{"`+name+`":{"next_cursor":"c"}}`), nil, ""); !got.HasNext || got.Cursor != "c" {
			t.Errorf("in %s: %+v", name, got)
		}
	}
	for _, name := range []string{"limit", "size", "count", "per_page", "pageSize", "rel", "type", "title", "method"} {
		if got := readPage(jsontext.Value(`{"next":{"`+name+`":"x"}}`), nil, ""); got.HasNext {
			t.Errorf("%s in next: %+v", name, got)
		}
	}
	for in, want := range map[string]string{
		"next_page_token": "page_token", "nextPageToken": "pageToken", "next_offset": "offset", "next_page": "page", "after": "after", "offset": "offset",
		"starting_after": "starting_after", "page_token": "page_token", "pageToken": "pageToken", "next_cursor": "cursor", "end_cursor": "cursor", "cursor": "cursor", "next": "cursor",
	} {
		name, _, why := (&turner{c: &Connector{}, x: &execution{}, looked: true}).next(t.Context(), readPage(jsontext.Value(`{"`+in+`":"c"}`), nil, ""), nil)
		if name != want || why != "" {
			t.Errorf("%s asks with %s, %s; want %s", in, name, why, want)
		}
	}
	for _, param := range []string{
		"cursor", "after", "starting_after", "startingAfter", "page_token", "pageToken", "next_page_token", "nextPageToken", "next_cursor", "nextCursor",
		"start_cursor", "startCursor", "continuation_token", "offset", "startAt", "start_at", "skip", "page", "page_number", "pageNumber",
	} {
		x := &execution{params: Params{param: "1", "limit": 5}}
		for _, metadata := range []string{`{"next_page_token":"c"}`, `{"next_cursor":"c"}`} {
			if name, _, why := (&turner{c: &Connector{}, x: x, looked: true}).next(t.Context(), readPage(jsontext.Value(metadata), nil, ""), nil); name != param || why != "" {
				t.Errorf("%s among the params: asks with %s, %s", param, name, why)
			}
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add(`{"paging":{"next":{"after":"c"}}}`)
	f.Add(`{"page":1,"has_more":true,"total_pages":"9"}`)
	f.Add(`{"next":{"next":{"next":{"next":{}}}}}`)
	f.Fuzz(func(t *testing.T, metadata string) {
		p := readPage(jsontext.Value(metadata), Params{"page": 1}, "")
		if p.Cursor != "" && !p.HasNext {
			t.Errorf("a cursor %q and no next page", p.Cursor)
		}
		if p.Cursor != strings.TrimSpace(p.Cursor) {
			t.Errorf("cursor %q", p.Cursor)
		}
	})
}
