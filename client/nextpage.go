package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// NextParams returns the parameters that request the page after r: those of the
// request for r, with the cursor under the name and in the form that this kind of
// connector expects; see [All] for how the name is found. It returns nil if r is the
// last page. If the next page cannot be requested, the error matches [ErrPaging]. The
// options of the request for r apply, including [WithPageParam] and [WithPager].
//
// NextParams is for programs that handle one page at a time, such as a tool that a
// model calls once for each page; to loop over all pages, use [All]. The parameters can
// be stored as JSON. Call NextParams before handling the records of r: if r gives the
// cursor that it was requested with, the connector ignored it, and r is a page that
// came before. This too is an error that matches [ErrPaging].
//
// It sends nothing, except to look up the slug of a connector from
// [Workspace.ConnectorByID] if the name depends on it. Some connectors page by the
// records, such as by the ID of the last one; for a result of the function [Execute],
// NextParams then needs [WithRawData].
func (r *Result) NextParams(ctx context.Context) (Params, error) {
	t := r.pages
	if t == nil {
		return nil, invalid("next page", "the result is not one that Execute returned")
	}
	params, cursor, err := t.turn(ctx, r, r.records)
	if cursor != nil && fmt.Sprint(cursor.value) == fmt.Sprint(t.x.params[cursor.name]) {
		params, err = nil, t.stuck(cursor.name)
	}
	return params, t.x.about(t.c).of(err)
}

// records describes the records in Data.
func (r *Result) records() records {
	rows := pageRows[ignored]{action: r.action, raw: r.Data}
	if rows.read(jsontext.NewDecoder(bytes.NewReader(r.Data), lenient)) != nil {
		return records{gone: r.action == actionDecoded}
	}
	return records{n: len(rows.rows), lastID: rows.lastID()}
}

// An ignored value is skipped when it is decoded.
type ignored struct{}

func (*ignored) UnmarshalJSONFrom(dec *jsontext.Decoder) error { return dec.SkipValue() }

// A turner finds the parameters that turn a page: those that request from c the page
// after one that x requested.
type turner struct {
	c *Connector
	x *execution

	looked bool // the slug of the connector was unknown and has been looked up
}

// records describe the records of a page, for connectors that page by them.
type records struct {
	n      int
	lastID string // "" if the last record has no ID
	gone   bool   // the records were decoded and not kept
}

// A pageCursor is the parameter that asks for a page, and its value.
type pageCursor struct {
	name  string
	value any
}

// turn returns the parameters of the page after r, or nil if r is the last one, and
// the cursor among them, or nil if a Pager chose them. It calls of if the connector
// pages by the records of r.
func (t *turner) turn(ctx context.Context, r *Result, of func() records) (Params, *pageCursor, error) {
	if t.x.pager != nil {
		params, err := t.x.pager(r, maps.Clone(t.x.params))
		if err != nil {
			return nil, nil, &Error{op: t.x.op(), err: fmt.Errorf("the pager: %w", err)}
		}
		return params, nil, nil
	}
	if !r.Page.HasNext {
		return nil, nil, nil
	}
	name, value, why := t.next(ctx, r.Page, of)
	if why != "" {
		return nil, nil, t.fail(why)
	}
	params := maps.Clone(t.x.params)
	if params == nil {
		params = Params{}
	}
	params[name] = value
	return params, &pageCursor{name, value}, nil
}

// fail returns the error for a next page that cannot be asked for.
func (t *turner) fail(why string) error {
	return &Error{op: t.x.op(), kind: ErrPaging, Message: "there is a next page, but " + why +
		"; name the right parameter with WithPageParam, or page with WithPager"}
}

// stuck returns the error for a cursor that was used before.
func (t *turner) stuck(name string) error {
	return t.fail(fmt.Sprintf("the service gave a cursor again that it had given before, so it does not understand the parameter %q", name))
}

// next returns the parameter for the next page and its value, or why there is none.
func (t *turner) next(ctx context.Context, at Page, of func() records) (name string, value any, why string) {
	if at.link && t.x.pageParam == "" {
		return "", nil, fmt.Sprintf("the connector gives a link to it, %q, not a cursor", shorten(at.name))
	}
	name = t.param(ctx, at)
	switch {
	case at.Cursor != "" && (!at.counts || counted(name) == byPage || t.x.pageParam != "" && counted(name) != byOffset):
		if at.number || isInteger(t.x.params[name]) && isDigits(at.Cursor) {
			return name, json.Number(at.Cursor), ""
		}
		return name, at.Cursor, ""
	case counted(name) == byPage:
		n, ok := asInt(t.x.params[name])
		if !ok {
			n = 1
		}
		return name, json.Number(itoa(n + 1)), ""
	case counted(name) == byOffset:
		before, _ := asInt(t.x.params[name])
		switch have := of(); {
		case have.n > 0:
			return name, json.Number(itoa(before + int64(have.n))), ""
		case have.gone:
			return name, nil, recordsGone
		}
	case name == "starting_after":
		switch have := of(); {
		case have.lastID != "":
			return name, have.lastID, ""
		case have.gone:
			return name, nil, recordsGone
		case len(t.x.selected)+len(t.x.hidden) > 0:
			return name, nil, "its last record has no id to go on from; let WithSelectFields and WithExcludeFields leave it in"
		}
		return name, nil, "its last record has no id to go on from"
	}
	return name, nil, "the metadata has no cursor"
}

const recordsGone = "it is asked for by the records of this one, which were decoded already; WithRawData keeps them"

// param returns the name of the parameter that asks for the next page.
func (t *turner) param(ctx context.Context, at Page) string {
	if t.x.pageParam != "" {
		return t.x.pageParam
	}
	if t.x.action == actionSearch {
		return "cursor" // the service pages here, not the connector
	}
	if name, ok := t.given(); ok {
		return name
	}
	suggested, ok := paramFor[at.name]
	if !ok && !t.looked {
		t.looked = true
		t.c.findSlug(ctx)
	}
	if name, ok := paramOf[plainSlug(t.c.Slug())]; ok {
		return name
	}
	if ok {
		return suggested
	}
	return "cursor"
}

// given returns the paging parameter among the caller's parameters, if any.
func (t *turner) given() (string, bool) {
	for _, name := range pagingParams {
		if _, ok := t.x.params[name]; ok {
			return name, true
		}
	}
	return "", false
}

// pagingParams are the common names of paging parameters. Names that cannot mean
// anything else come first.
var pagingParams = []string{
	"cursor", "after", "starting_after", "startingAfter", "page_token", "pageToken", "next_page_token", "nextPageToken", "next_cursor", "nextCursor",
	"start_cursor", "startCursor", "continuation_token", "offset", "startAt", "start_at", "skip", "page", "page_number", "pageNumber",
}

// paramOf has the parameter of connectors whose metadata suggests another one, or
// none, by slug.
var paramOf = map[string]string{
	"github": "after",
	"linear": "after",
	"stripe": "starting_after",
}

// paramFor has the parameter that a name in the metadata suggests. Names are in lower
// case and without underscores, except where the parameter follows the spelling of the
// name.
var paramFor = map[string]string{
	"nextpagetoken": "page_token",
	"nextPageToken": "pageToken",
	"nextoffset":    "offset",
	"nextpage":      "page",
	"page":          "page",
	"after":         "after",
	"offset":        "offset",
	"startingafter": "starting_after",
	"pagetoken":     "page_token",
	"pageToken":     "pageToken",
}

// What a paging parameter holds.
const (
	byCursor = iota
	byPage
	byOffset
)

func counted(param string) int {
	switch param {
	case "page", "page_number", "pageNumber":
		return byPage
	case "offset", "startAt", "start_at", "skip":
		return byOffset
	}
	return byCursor
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// asInt reads a parameter that is a number, or text of one.
func asInt(v any) (int64, bool) {
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(fmt.Sprint(v)), 10, 64)
	return n, err == nil
}

func isInteger(v any) bool {
	if _, text := v.(string); text {
		return false
	}
	_, ok := asInt(v)
	return ok
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
