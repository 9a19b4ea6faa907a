package agentstest

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Paging is how lists of a vendor are divided into pages: the parameter with
// which a request gets the next page, and the fields of connector_metadata
// from which its value comes. A request with the parameter of another Paging gets
// the first page again, as with the vendors.
type Paging string

// The values of Paging, each with its parameter, the metadata, and the kinds of
// connectors that use it by default. All other kinds use PagingCursor.
const (
	PagingGitHub         Paging = "github"           // after ← has_next_page, end_cursor; github
	PagingGraphQL        Paging = "graphql"          // after ← hasNextPage, endCursor; linear
	PagingPageInfo       Paging = "page_info"        // after ← page_info {has_next_page, end_cursor}
	PagingStripe         Paging = "starting_after"   // starting_after, the ID of the last record ← has_more; stripe
	PagingCursor         Paging = "cursor"           // cursor ← next_cursor, has_more; slack
	PagingSameCursor     Paging = "same_cursor"      // cursor ← cursor, has_more
	PagingPageToken      Paging = "page_token"       // page_token ← next_page_token
	PagingPageTokenCamel Paging = "pageToken"        // pageToken ← nextPageToken; google-drive, gmail
	PagingOffset         Paging = "offset"           // offset ← next_offset, a number
	PagingPage           Paging = "page"             // page ← next_page, a number; zendesk-support
	PagingPageNumber     Paging = "page_number"      // page ← page, the number of this page, and has_more
	PagingAfter          Paging = "after"            // after ← after
	PagingNestedAfter    Paging = "paging.next"      // after ← paging {next {after, link}}; hubspot
	PagingNextLink       Paging = "next_link"        // ← next_link, a URL
	PagingNextPageURL    Paging = "next_page_url"    // ← next_page_url, a URL
	PagingNextRecordsURL Paging = "next_records_url" // ← nextRecordsUrl, a path, and done; salesforce
	PagingNone           Paging = "none"             // all records on one page
)

// Pagings returns all values of Paging.
func Pagings() []Paging {
	return []Paging{
		PagingGitHub, PagingGraphQL, PagingPageInfo, PagingStripe, PagingCursor, PagingSameCursor, PagingPageToken, PagingPageTokenCamel,
		PagingOffset, PagingPage, PagingPageNumber, PagingAfter, PagingNestedAfter, PagingNextLink, PagingNextPageURL, PagingNextRecordsURL, PagingNone,
	}
}

func (p Paging) valid() bool { return slices.Contains(Pagings(), p) }

// Param returns the name of the parameter that requests the next page, "" for
// PagingNone. For a Paging with links, it is the name that the link has in the
// metadata.
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
	case "zendesk-support":
		return PagingPage
	case "hubspot":
		return PagingNestedAfter
	case "salesforce":
		return PagingNextRecordsURL
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

// page returns the page that the parameters ask for. keyAt returns the key of a
// record.
func (e *entity) page(params map[string]any, total int, keyAt func(int) string) (span, error) {
	size, err := e.pageSize(params)
	if err != nil {
		return span{}, err
	}
	if e.Paging == PagingNone {
		return span{0, total, total}, nil
	}
	start, err := e.start(params, size, total, keyAt)
	if err != nil {
		return span{}, err
	}
	start = min(start, total)
	return span{start, min(start+size, total), total}, nil
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
