package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// A Page says whether another page follows a result. To request that page, use the
// parameters that [Result.NextParams] returns: which parameter takes the cursor
// differs by connector.
type Page struct {
	// HasNext reports whether there is another page.
	HasNext bool

	// Cursor is the cursor of the next page, or a link to it. It is "" if there is no
	// next page, and for connectors that page by something else, such as the ID of
	// the last record.
	Cursor string

	name   string // the name of the cursor in the metadata, in the form of paramFor, or that of the link
	number bool   // the cursor was a JSON number
	link   bool   // the cursor is a URL
	counts bool   // the cursor is a page number that was computed here
}

// String returns the exported fields, for printing.
func (p Page) String() string {
	return fmt.Sprintf("client.Page{HasNext: %t, Cursor: %q}", p.HasNext, shorten(p.Cursor))
}

// A pageState holds what metadata says about paging, before it is interpreted.
type pageState struct {
	hasNext, known bool   // known: a flag says whether there is a next page
	cursor, name   string // the best cursor and its name
	rank           int    // the rank of that name
	number         bool
	link, linkName string // a link to the next page, and its name as it stands
	page, pages    string // the number of this page, and the number of pages
	noNext         bool   // a name that can only mean the next page is null
}

// cursorNames are the names of cursors, in lower case and without _ and -, and their
// ranks: the lower the rank, the more certain it is that the name means the next page.
var cursorNames = map[string]int{
	"nextcursor": 1, "nextpagetoken": 1, "nextoffset": 1, "nexttoken": 1, "nextpage": 2,
	"endcursor": 3, "after": 4, "startingafter": 4, "pagetoken": 4, "continuationtoken": 4, "cursor": 5, "next": 6, "offset": 9,
}

// besideCursor are the names of what may accompany a cursor inside "next".
var besideCursor = map[string]bool{
	"limit": true, "size": true, "count": true, "perpage": true, "pagesize": true, "rel": true, "type": true, "title": true, "method": true,
}

// linkNames are the names of links to the next page.
var linkNames = map[string]bool{
	"nextlink": true, "nextpageurl": true, "nextrecordsurl": true, "nexturl": true, "nexthref": true, "nextpagelink": true, "odatanextlink": true,
}

// moreNames are the names of flags that say whether there are more pages. The value
// is what there is if the flag is true.
var moreNames = map[string]bool{
	"hasnextpage": true, "hasmore": true, "hasnext": true, "more": true, "hasmorepages": true, "morerecords": true, "moreresultsavailable": true,
	"islast": false, "islastpage": false, "lastpage": false, "done": false,
}

// containers are the names of objects inside metadata that hold paging state.
var containers = map[string]bool{
	"pagination": true, "paging": true, "pageinfo": true, "meta": true, "metadata": true, "responsemetadata": true,
	"links": true, "cursors": true, "cursor": true, "page": true, "next": true, "info": true,
}

// readPage interprets the paging state in metadata, which may have any shape. params
// are those that the page was asked for with, and pageParam is the one that
// WithPageParam names.
func readPage(metadata jsontext.Value, params Params, pageParam string) Page {
	if metadata.Kind() != '{' {
		return Page{}
	}
	var s pageState
	dec := jsontext.NewDecoder(strings.NewReader(string(metadata)), lenient)
	s.object(dec, "", 0) //nolint:errcheck // what could be read is used
	return s.understood(params, pageParam)
}

// object reads an object that may hold paging state.
func (s *pageState) object(dec *jsontext.Decoder, in string, depth int) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		raw := token.String() // before the next read takes its place
		name := plainName(raw)
		switch kind := dec.PeekKind(); kind {
		case '{':
			if containers[name] && depth < 3 {
				err = s.object(dec, name, depth+1)
			} else {
				err = dec.SkipValue()
			}
		case '"', '0', 't', 'f':
			if token, err = dec.ReadToken(); err == nil {
				s.member(in, raw, name, kind, strings.TrimSpace(token.String()))
			}
		default: // no list holds a cursor
			s.noNext = s.noNext || kind == 'n' && cursorNames[name] == 1
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func (s *pageState) member(in, raw, name string, kind jsontext.Kind, text string) {
	if name == "lastpage" && kind == '0' {
		s.pages = text
		return
	}
	if means, ok := moreNames[name]; ok {
		switch strings.ToLower(text) {
		case "true", "1":
			s.hasNext, s.known = means, true
		case "false", "0":
			s.hasNext, s.known = !means, true
		}
		return
	}
	if kind == 't' || kind == 'f' || text == "" || text == "null" {
		return
	}
	isNext := in == "next"
	switch {
	case linkNames[name], isNext && (name == "link" || name == "href" || name == "url"):
		s.link, s.linkName = text, raw
		return
	case in == "page" && name == "number", name == "page" && !isNext, name == "currentpage", name == "pagenumber":
		s.page = text
		return
	case name == "totalpages" || name == "pagecount" || name == "lastpagenumber":
		s.pages = text
		return
	}
	rank, ok := cursorNames[name]
	if isNext && !ok && !besideCursor[name] {
		name, ok = "next"+name, true // whatever the vendor calls it
	}
	if !ok {
		return
	}
	if isURL(text) {
		s.link, s.linkName = text, raw
		return
	}
	if kind == '0' && (text == "0" || name == "offset") {
		return // the first page, or this one
	}
	if isNext {
		rank = 0
	}
	if s.cursor == "" || rank < s.rank {
		s.cursor, s.name, s.rank, s.number = text, name, rank, kind == '0'
		if _, ok := paramFor[raw]; ok {
			s.name = raw
		}
	}
}

// understood interprets what was read.
func (s *pageState) understood(params Params, pageParam string) Page {
	if s.known && !s.hasNext {
		return Page{}
	}
	switch {
	case s.noNext && !s.known && s.asked(params, pageParam):
		return Page{} // the cursor is that of this page
	case s.cursor != "":
		return Page{HasNext: true, Cursor: s.cursor, name: s.name, number: s.number}
	case s.link != "":
		return Page{HasNext: true, Cursor: s.link, name: s.linkName, link: true}
	case s.page != "":
		if next, ok := s.nextNumber(params, pageParam); ok {
			return Page{HasNext: true, Cursor: next, name: "page", number: isDigits(next), counts: true}
		}
	}
	return Page{HasNext: s.hasNext}
}

// asked reports whether the cursor is the one that the page was asked for with.
func (s *pageState) asked(params Params, pageParam string) bool {
	return s.cursor != "" && slices.ContainsFunc(append(pagingParams[:len(pagingParams):len(pagingParams)], pageParam), func(name string) bool {
		v, given := params[name]
		return given && fmt.Sprint(v) == s.cursor
	})
}

// nextNumber interprets a member "page". It is the number of this page for most
// connectors and that of the next for some: the page that was asked for decides.
func (s *pageState) nextNumber(params Params, pageParam string) (string, bool) {
	have, err := json.Number(s.page).Int64()
	if err != nil {
		return s.page, s.hasNext
	}
	asked := min(have, 1)
	for _, name := range []string{"page", "page_number", "pageNumber", pageParam} {
		if n, given := asInt(params[name]); given {
			asked = n
		}
	}
	if have > asked { // the one that was not asked for is the next
		return json.Number(s.page).String(), true
	}
	if total, err := json.Number(s.pages).Int64(); err == nil && !s.known {
		return itoa(have + 1), have < total
	}
	return itoa(have + 1), s.hasNext
}

func isURL(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "/services/")
}

// plainName returns a member's name in lower case and without punctuation.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', '@', '.':
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}
