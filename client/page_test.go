package client

import (
	"fmt"
	"strings"
	"testing"
)

// pageAfter returns what follows from the metadata of a page of two records.
func pageAfter(metadata string, params Params) Page {
	r := &Result{
		Data: []byte(`[{"id":1},{"id":2}]`), Metadata: []byte(metadata), action: "list",
		pages: &turner{c: &Connector{}, x: &execution{entity: "things", action: "list", params: params}},
	}
	return r.Page()
}

func TestPage(t *testing.T) {
	for _, tt := range []struct {
		name, metadata string
		params         Params
		want           Page
	}{
		{"none", ``, nil, Page{}},
		{"null", `null`, nil, Page{}},
		{"list", `[1]`, nil, Page{}},
		{"nothing about pages", `{"rate_limit":{"remaining":3}}`, nil, Page{}},
		{"graphql", `{"has_next_page":true,"end_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"graphql camel", `{"hasNextPage":true,"endCursor":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"graphql end", `{"has_next_page":false,"end_cursor":"c"}`, nil, Page{}},
		{"page info", `{"pageInfo":{"hasNextPage":true,"endCursor":"c"}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"has more alone", `{"has_more":true}`, nil, Page{HasNext: true}},
		{"has more as text", `{"has_more":"true","cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"no more", `{"has_more":false,"cursor":"c"}`, nil, Page{}},
		{"next cursor", `{"next_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"next cursor null", `{"next_cursor":null}`, nil, Page{}},
		{"next cursor empty", `{"next_cursor":""}`, nil, Page{}},
		{"slack", `{"response_metadata":{"next_cursor":"c"}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"page token", `{"next_page_token":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"page token camel", `{"nextPageToken":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"next page", `{"next_page":3}`, nil, Page{HasNext: true, Cursor: "3"}},
		{"next page null", `{"page":2,"next_page":null}`, Params{"page": 2}, Page{}},
		{"offset", `{"next_offset":9007199254740993}`, nil, Page{HasNext: true, Cursor: "9007199254740993"}},
		{"offset zero", `{"next_offset":0}`, nil, Page{}},
		{"hubspot", `{"paging":{"next":{"after":"c","link":"https://x/?after=c"}}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"unknown name in next", `{"paging":{"next":{"token":"c"}}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"page in next", `{"next":{"page":3,"limit":10}}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3"}},
		{"limit in next", `{"next":{"limit":10,"rel":"next"}}`, nil, Page{HasNext: true}},
		{"after", `{"after":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"this page, more", `{"page":1,"has_more":true}`, nil, Page{HasNext: true, Cursor: "2"}},
		{"this page of several", `{"page":2,"total_pages":3}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3"}},
		{"last of several", `{"page":3,"total_pages":3}`, Params{"page": 3}, Page{}},
		{"the next page's number", `{"page":3}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3"}},
		{"this page, unknown", `{"page":2}`, Params{"page": 2}, Page{HasNext: true, Cursor: "3"}},
		{"link", `{"next_link":"https://x/2"}`, nil, Page{HasNext: true, Cursor: "https://x/2"}},
		{"link in links", `{"links":{"next":"https://x/2","prev":"https://x/0"}}`, nil, Page{HasNext: true, Cursor: "https://x/2"}},
		{"page url", `{"next_page_url":"https://x/2"}`, nil, Page{HasNext: true, Cursor: "https://x/2"}},
		{"salesforce", `{"done":false,"nextRecordsUrl":"/services/data/q-2"}`, nil, Page{HasNext: true, Cursor: "/services/data/q-2"}},
		{"salesforce end", `{"done":true}`, nil, Page{}},
		{"is last", `{"isLast":false,"nextPageToken":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"cursor before link", `{"next_link":"https://x/2","next_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"names in a list", `["next_cursor","c"]`, nil, Page{}},
		{"names in a list inside", `{"warnings":["x","next_cursor","c"]}`, nil, Page{}},
		{"names as values of something else", `{"rate_limit":{"a":"next_cursor","b":1}}`, nil, Page{}},
		{"cursor of something else", `{"rate_limit":{"cursor":"c"}}`, nil, Page{}},
		{"deep", `{"meta":{"paging":{"info":{"next_cursor":"c"}}}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"very deep", `{"meta":{"paging":{"info":{"meta":{"next_cursor":"c"}}}}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"too deep", `{"meta":{"paging":{"info":{"meta":{"meta":{"next_cursor":"c"}}}}}}`, nil, Page{}},
		{"number of the last page", `{"current_page":1,"last_page":3}`, nil, Page{HasNext: true, Cursor: "2"}},
		{"the last page by its number", `{"current_page":3,"last_page":3}`, Params{"page": 3}, Page{}},
		{"cursor that was asked with", `{"cursor":"c","next_cursor":null}`, Params{"cursor": "c"}, Page{}},
		{"null as text", `{"next_cursor":"null"}`, nil, Page{}},
		{"true is no cursor", `{"next_cursor":true}`, nil, Page{HasNext: true}},
		{"false is no cursor", `{"next_cursor":false}`, nil, Page{}},
		{"empty beside a cursor", `{"cursor":"c","next_cursor":""}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"the better name first", `{"next_cursor":"c","cursor":"this"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"the better name last", `{"cursor":"this","next_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"end cursor and after", `{"after":"this","end_cursor":"c"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"inside next is best", `{"next_cursor":"x","next":{"after":"c"}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"the first of equals", `{"next_cursor":"c","next_token":"x"}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"cursor in next", `{"next":{"cursor":"c"}}`, nil, Page{HasNext: true, Cursor: "c"}},
		{"href in next", `{"next":{"href":"/things?page=2"}}`, nil, Page{HasNext: true, Cursor: "/things?page=2"}},
		{"url in next", `{"next":{"url":"/things?page=2"}}`, nil, Page{HasNext: true, Cursor: "/things?page=2"}},
		{"link in next", `{"next":{"link":"/things?page=2"}}`, nil, Page{HasNext: true, Cursor: "/things?page=2"}},
		{"url of something else", `{"url":"https://x/2"}`, nil, Page{}},
		{"http link", `{"next":"http://x/2"}`, nil, Page{HasNext: true, Cursor: "http://x/2"}},
		{"path of salesforce", `{"next":"/services/data/q-2"}`, nil, Page{HasNext: true, Cursor: "/services/data/q-2"}},
		{"offset of this page", `{"offset":10,"limit":10}`, nil, Page{}},
		{"number in page", `{"page":{"number":1},"total_pages":3}`, nil, Page{HasNext: true, Cursor: "2"}},
		{"number of something else", `{"number":1,"total_pages":3}`, nil, Page{HasNext: true, Cursor: "2"}},
		{"page count", `{"page":1,"page_count":3}`, nil, Page{HasNext: true, Cursor: "2"}},
		{"last page number", `{"page":1,"last_page_number":3}`, nil, Page{HasNext: true, Cursor: "2"}},
		{"page 0", `{"page":0,"has_more":true}`, nil, Page{HasNext: true, Cursor: "1"}},
		{"page 2 without asking", `{"page":2,"has_more":true}`, nil, Page{HasNext: true, Cursor: "2"}},
		{"a flag beats a count", `{"page":3,"total_pages":3,"has_more":true}`, Params{"page": 3}, Page{HasNext: true, Cursor: "4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := pageAfter(tt.metadata, tt.params); got != tt.want {
				t.Errorf("page after %s\n got %#v\nwant %#v", tt.metadata, got, tt.want)
			}
		})
	}
}

func TestPageString(t *testing.T) {
	for want, p := range map[string]Page{
		`client.Page{HasNext: false, Cursor: ""}`: {},
		`client.Page{HasNext: true, Cursor: "c"}`: {HasNext: true, Cursor: "c"},
	} {
		if got := fmt.Sprintf("%v %+v", p, p); got != want+" "+want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add(`{"paging":{"next":{"after":"c"}}}`)
	f.Add(`{"page":1,"has_more":true,"total_pages":"9"}`)
	f.Add(`{"next":{"next":{"next":{"next":{}}}}}`)
	f.Fuzz(func(t *testing.T, metadata string) {
		p := pageAfter(metadata, Params{"page": 1})
		if p.Cursor != "" && !p.HasNext {
			t.Errorf("a cursor %q and no next page", p.Cursor)
		}
		if p.Cursor != strings.TrimSpace(p.Cursor) {
			t.Errorf("cursor %q", p.Cursor)
		}
	})
}
