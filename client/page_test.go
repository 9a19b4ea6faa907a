package client

import (
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
		{"after", `{"after":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "after"}},
		{"this page, more", `{"page":1,"has_more":true}`, nil, Page{HasNext: true, Cursor: "2", name: "page", number: true, counts: true}},
		{"this page of several", `{"page":2,"total_pages":3}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3", name: "page", number: true, counts: true}},
		{"last of several", `{"page":3,"total_pages":3}`, Params{"page": 3}, Page{}},
		{"the next page's number", `{"page":3}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3", name: "page", number: true, counts: true}},
		{"this page, unknown", `{"page":2}`, Params{"page": 2}, Page{}},
		{"link", `{"next_link":"https://x/2"}`, nil, Page{HasNext: true, Cursor: "https://x/2", link: true}},
		{"link in links", `{"links":{"next":"https://x/2","prev":"https://x/0"}}`, nil, Page{HasNext: true, Cursor: "https://x/2", link: true}},
		{"page url", `{"next_page_url":"https://x/2"}`, nil, Page{HasNext: true, Cursor: "https://x/2", link: true}},
		{"salesforce", `{"done":false,"nextRecordsUrl":"/services/data/q-2"}`, nil, Page{HasNext: true, Cursor: "/services/data/q-2", link: true}},
		{"salesforce end", `{"done":true}`, nil, Page{}},
		{"is last", `{"isLast":false,"nextPageToken":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextPageToken"}},
		{"cursor before link", `{"next_link":"https://x/2","next_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
		{"truncated", `{"has_more":true,"next_cursor":"c"`, nil, Page{HasNext: true, Cursor: "c", name: "nextcursor"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := readPage(jsontext.Value(tt.metadata), tt.params); got != tt.want {
				t.Errorf("readPage(%s)\n got %+v\nwant %+v", tt.metadata, got, tt.want)
			}
		})
	}
}

func FuzzPage(f *testing.F) {
	f.Add(`{"paging":{"next":{"after":"c"}}}`)
	f.Add(`{"page":1,"has_more":true,"total_pages":"9"}`)
	f.Add(`{"next":{"next":{"next":{"next":{}}}}}`)
	f.Fuzz(func(t *testing.T, metadata string) {
		p := readPage(jsontext.Value(metadata), Params{"page": 1})
		if p.Cursor != "" && !p.HasNext {
			t.Errorf("a cursor %q and no next page", p.Cursor)
		}
		if p.Cursor != strings.TrimSpace(p.Cursor) {
			t.Errorf("cursor %q", p.Cursor)
		}
	})
}
