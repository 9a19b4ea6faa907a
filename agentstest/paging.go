package agentstest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging/facts"
)

// Paging is how lists of a vendor are divided into pages: the parameter with
// which a request gets the next page, and the fields of connector_metadata
// from which its value comes. A request with the parameter of another Paging gets
// the first page again, as with the vendors.
//
// By default, the lists of a connector are divided as the documents of the public
// connectors say, if they have the slug. An entity or an action that they do not have is
// divided like those of the connector that they have.
type Paging string

// The values of Paging, each with its parameter, the metadata, and the kinds of
// connectors that use it by default. PagingDocumented is the default of all other kinds
// that have documents, such as hubspot and zendesk-support, and only they have it.
// PagingCursor is that of the rest.
const (
	PagingDocumented     Paging = "documented"       // as the documents say; the size of a page, too, has the name that they say
	PagingGitHub         Paging = "github"           // after ← has_next_page, end_cursor; github
	PagingGraphQL        Paging = "graphql"          // after ← hasNextPage, endCursor; linear
	PagingPageInfo       Paging = "page_info"        // after ← page_info {has_next_page, end_cursor}
	PagingStripe         Paging = "starting_after"   // starting_after, the ID of the last record ← has_more; stripe
	PagingCursor         Paging = "cursor"           // cursor ← next_cursor, has_more; slack
	PagingSameCursor     Paging = "same_cursor"      // cursor ← cursor, has_more
	PagingPageToken      Paging = "page_token"       // page_token ← next_page_token
	PagingPageTokenCamel Paging = "pageToken"        // pageToken ← nextPageToken; google-drive, gmail
	PagingOffset         Paging = "offset"           // offset ← next_offset, a number
	PagingPage           Paging = "page"             // page ← next_page, a number
	PagingPageNumber     Paging = "page_number"      // page ← page, the number of this page, and has_more
	PagingAfter          Paging = "after"            // after ← after
	PagingNestedAfter    Paging = "paging.next"      // after ← paging {next {after, link}}
	PagingNextLink       Paging = "next_link"        // ← next_link, a URL
	PagingNextPageURL    Paging = "next_page_url"    // ← next_page_url, a URL
	PagingNextRecordsURL Paging = "next_records_url" // ← nextRecordsUrl, a path, and done; salesforce
	PagingNone           Paging = "none"             // all records on one page
)

// Pagings returns the values of Paging that any connector can have, which are all but
// PagingDocumented.
func Pagings() []Paging {
	return []Paging{
		PagingGitHub, PagingGraphQL, PagingPageInfo, PagingStripe, PagingCursor, PagingSameCursor, PagingPageToken, PagingPageTokenCamel,
		PagingOffset, PagingPage, PagingPageNumber, PagingAfter, PagingNestedAfter, PagingNextLink, PagingNextPageURL, PagingNextRecordsURL, PagingNone,
	}
}

// validFor reports whether a kind of connector can have p.
func (p Paging) validFor(slug string) bool {
	if p == PagingDocumented {
		_, ok := facts.Find(plainSlug(slug), "", "list")
		return ok
	}
	return slices.Contains(Pagings(), p)
}

// Param returns the name of the parameter that requests the next page, "" for
// PagingNone and PagingDocumented. For a Paging with links, it is the name that the
// link has in the metadata.
func (p Paging) Param() string {
	switch p {
	case PagingGitHub, PagingGraphQL, PagingPageInfo, PagingAfter, PagingNestedAfter:
		return "after"
	case PagingStripe:
		return "starting_after"
	case PagingCursor, PagingSameCursor:
		return "cursor"
	case PagingPageToken:
		return "page_token"
	case PagingPageTokenCamel:
		return "pageToken"
	case PagingOffset:
		return "offset"
	case PagingPage, PagingPageNumber:
		return "page"
	case PagingNextLink:
		return "next_link"
	case PagingNextPageURL:
		return "next_page_url"
	case PagingNextRecordsURL:
		return "nextRecordsUrl"
	}
	return ""
}

// defaultPaging returns the Paging of a kind of connector.
func defaultPaging(slug string) Paging {
	switch slug {
	case "github":
		return PagingGitHub
	case "linear":
		return PagingGraphQL
	case "stripe":
		return PagingStripe
	case "google-drive", "gmail":
		return PagingPageTokenCamel
	case "salesforce":
		return PagingNextRecordsURL
	}
	if PagingDocumented.validFor(slug) {
		return PagingDocumented
	}
	return PagingCursor
}

// sizeNames are the parameters for the size of a page.
var sizeNames = []string{"per_page", "limit", "page_size", "pageSize", "first", "count", "max_results", "maxResults"}

// pagingNames are the parameters that are never filters.
var pagingNames = map[string]bool{
	"after": true, "before": true, "starting_after": true, "ending_before": true, "cursor": true, "page_token": true, "pageToken": true,
	"offset": true, "page": true, "next_link": true, "next_page_url": true, "nextRecordsUrl": true,
	"sort": true, "order": true, "direction": true, "fields": true, "query": true, "q": true, "search": true, "text": true,
}

// pageSize returns the size of the page that the parameters ask for.
func (e *entity) pageSize(params map[string]any) (int, error) {
	for _, name := range sizeNames {
		v, given := params[name]
		if !given || v == nil {
			continue
		}
		s, _ := scalar(v)
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return 0, invalid(fieldProblem("body.params."+name, "greater_than_equal", "Input should be an integer greater than or equal to 1"))
		}
		return min(n, e.MaxPageSize), nil
	}
	return e.PageSize, nil
}

// A span is a page of a list: the records from start to before end, of total.
type span struct{ start, end, total int }

func (s span) more() bool { return s.end < s.total }

// page returns the page that the parameters ask for, and its metadata. keyAt returns
// the key of a record.
func (e *entity) page(action string, params map[string]any, total int, keyAt func(int) string) (span, json.RawMessage, error) {
	if e.Paging == PagingDocumented {
		return e.documentedPage(action, params, total, keyAt)
	}
	size, err := e.pageSize(params)
	if err != nil {
		return span{}, nil, err
	}
	s := span{0, total, total}
	if e.Paging != PagingNone {
		if s.start, err = e.start(params, size, total, keyAt); err != nil {
			return span{}, nil, err
		}
		s.start = min(s.start, total)
		s.end = min(s.start+size, total)
	}
	return s, e.metadata(s, size), nil
}

// documented returns how an action pages by the documents of the connector.
func (e *entity) documented(action string) (op facts.Operation, size int) {
	op, _ = facts.Find(plainSlug(e.slug), e.name, action)
	size = e.PageSize
	if p, ok := op.PageSize(); ok && p.Known && !e.sized && !op.Tells() {
		size = p.Default // which is how one knows that a page is full
	}
	return op, size
}

func (e *entity) documentedPage(action string, params map[string]any, total int, keyAt func(int) string) (span, json.RawMessage, error) {
	op, size := e.documented(action)
	list := facts.List{Operation: op, Total: total, Size: size, Max: max(size, e.MaxPageSize), Key: keyAt, URL: e.vendorURL(), Null: true}
	page, err := list.Page(params)
	if wrong, ok := errors.AsType[*facts.ParamError](err); ok {
		code := "invalid_cursor"
		if p, ok := op.PageSize(); ok && p.Name == wrong.Name {
			code = "greater_than_equal"
		}
		return span{}, nil, invalid(fieldProblem("body.params."+wrong.Name, code, "%s", wrong.Reason))
	}
	if err != nil {
		return span{}, nil, err
	}
	raw, err := json.Marshal(page.Metadata)
	return span{page.Start, page.End, total}, raw, err
}

// documentedParameters returns the parameters for paging that the documents of the
// connector declare for an action.
func (e *entity) documentedParameters(action string) []parameter {
	op, size := e.documented(action)
	var params []parameter
	for _, p := range op.Params {
		d := parameter{name: p.Name, schema: map[string]any{"type": p.Type, "description": ""}}
		switch p.Role {
		case facts.Size:
			d.schema["description"] = "records on a page"
			d.schema["minimum"], d.schema["default"], d.schema["maximum"] = 1, size, max(size, e.MaxPageSize)
		case facts.Offset:
			d.schema["description"] = "records to skip"
		case facts.Count0:
			d.schema["description"] = "the number of the page, 0 for the first"
		case facts.Count1:
			d.schema["description"] = "the number of the page, 1 for the first"
		case facts.LastID:
			d.schema["description"] = "the id of the last record of the page before"
		case facts.Cursor:
			d.schema["description"] = "where the page before ended, as its metadata says"
		}
		params = append(params, d)
	}
	return params
}

// start returns the index of the first record of the page.
func (e *entity) start(params map[string]any, size, total int, keyAt func(int) string) (int, error) {
	name := e.Paging.Param()
	v, _ := scalar(params[name])
	if v == "" && e.Paging.links() {
		v, name = linkIn(params)
	}
	if v == "" {
		return 0, nil
	}
	wrong := func(format string, args ...any) error {
		return invalid(fieldProblem("body.params."+name, "invalid_cursor", format, args...))
	}
	switch e.Paging {
	case PagingStripe:
		for i := range total {
			if keyAt(i) == v {
				return i + 1, nil
			}
		}
		return 0, wrong("No record has the id %q", v)
	case PagingOffset, PagingNestedAfter:
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return 0, wrong("Input should be an integer greater than or equal to 0")
		}
		return n, nil
	case PagingPage, PagingPageNumber:
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return 0, wrong("Input should be an integer greater than or equal to 1")
		}
		return (n - 1) * size, nil
	}
	n, ok := e.readCursor(v)
	if !ok {
		return 0, wrong("The cursor is not from this list")
	}
	return n, nil
}

// links reports whether the metadata has a link to the next page.
func (p Paging) links() bool {
	return p == PagingNextLink || p == PagingNextPageURL || p == PagingNextRecordsURL
}

// linkIn returns a link and the parameter it is in, if there is one under a usual
// name.
func linkIn(params map[string]any) (link, name string) {
	for _, name := range []string{"cursor", "url", "link", "next", "next_url", "page_url"} {
		if v, _ := scalar(params[name]); v != "" {
			return v, name
		}
	}
	return "", ""
}

// cursor returns an opaque cursor for an offset.
func (e *entity) cursor(offset int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(e.name + ":" + strconv.Itoa(offset)))
}

// readCursor returns the offset of a cursor, or of a link that ends in one.
func (e *entity) readCursor(v string) (int, bool) {
	if e.Paging.links() {
		v = v[strings.LastIndexAny(v, "=/")+1:]
	}
	raw, err := base64.RawURLEncoding.DecodeString(v)
	if err != nil {
		return 0, false
	}
	number, found := strings.CutPrefix(string(raw), e.name+":")
	n, err := strconv.Atoi(number)
	return n, found && err == nil && n >= 0
}

// metadata returns the connector_metadata of a page. Clients read it, so it has
// the traps of the vendors: on the last page GitHub still has a cursor, some have
// null, and others leave the field out.
func (e *entity) metadata(s span, size int) json.RawMessage {
	var next any // null on the last page
	if s.more() {
		next = e.cursor(s.end)
	}
	m := map[string]any{}
	switch e.Paging {
	case PagingGitHub, PagingPageInfo:
		info := map[string]any{"has_next_page": s.more(), "end_cursor": nil}
		if s.end > s.start {
			info["end_cursor"] = e.cursor(s.end)
		}
		m = info
		if e.Paging == PagingPageInfo {
			m = map[string]any{"page_info": info, "total_count": s.total}
		}
	case PagingGraphQL:
		m = map[string]any{"hasNextPage": s.more(), "endCursor": next}
	case PagingStripe:
		m = map[string]any{"has_more": s.more()}
	case PagingCursor:
		m = map[string]any{"has_more": s.more(), "next_cursor": next}
	case PagingSameCursor:
		m = map[string]any{"has_more": s.more(), "cursor": next}
	case PagingPageToken:
		m = map[string]any{"next_page_token": next}
	case PagingPageTokenCamel:
		if s.more() {
			m["nextPageToken"] = next
		}
	case PagingOffset:
		m["next_offset"] = nil
		if s.more() {
			m["next_offset"] = s.end
		}
	case PagingPage:
		m["next_page"], m["count"] = nil, s.total
		if s.more() {
			m["next_page"] = s.end/size + 1
		}
	case PagingPageNumber:
		m = map[string]any{"page": s.start/size + 1, "has_more": s.more()}
	case PagingAfter:
		m["after"] = next
	case PagingNestedAfter:
		if s.more() {
			at := strconv.Itoa(s.end)
			m["paging"] = map[string]any{"next": map[string]any{"after": at, "link": e.vendorURL() + "?after=" + at}}
		}
	case PagingNextLink, PagingNextPageURL:
		m[e.Paging.Param()] = nil
		if s.more() {
			m[e.Paging.Param()] = e.vendorURL() + "?cursor=" + e.cursor(s.end)
		}
	case PagingNextRecordsURL:
		m = map[string]any{"totalSize": s.total, "done": !s.more()}
		if s.more() {
			m["nextRecordsUrl"] = "/services/data/v60.0/query/" + e.cursor(s.end)
		}
	}
	raw, _ := json.Marshal(m) // strings, numbers and booleans
	return raw
}

func (e *entity) vendorURL() string {
	return "https://" + e.slug + ".example.com/api/" + url.PathEscape(e.name)
}
