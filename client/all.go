package client

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// A Pager says what to ask for after a page: the parameters of the next
// request, or nil when this was the last. page is the result with its Data, valid
// only during the call; params are those that it was asked for with, and may be
// changed and returned. [WithPager] installs one.
type Pager func(page *Result, params Params) (Params, error)

// WithPageParam names the parameter that [All] asks for the next page with,
// such as "page_token", for connectors that All does not guess right.
func WithPageParam(name string) ExecuteOption {
	return func(x *execution) { x.pageParam = strings.TrimSpace(name) }
}

// WithPager has p find the next page in place of [All]'s own rules, for
// connectors that page in a way of their own, such as by links.
func WithPager(p Pager) ExecuteOption {
	return func(x *execution) { x.pager = p }
}

// WithPrefetch has [All] ask for the next page while the caller goes through
// the records of this one.
func WithPrefetch() ExecuteOption {
	return func(x *execution) { x.prefetch = true }
}

// All runs an action, mostly list, api_search or context_store_search, and
// yields the records of all its pages as they come, one page in memory at a
// time (two [WithPrefetch]). A record that does not fit T is yielded as an error
// that holds a [*RecordError], and the caller may go on; after any other error
// there is nothing more. params is not changed.
//
// The next page is asked for with the parameter that [WithPageParam] names;
// else with a name usual for this that params has; else as the kind of connector
// is known to want it, which may take a request more if its slug is not known;
// else under the name that its metadata suggests; else as "cursor". A cursor that comes back, and a next page that cannot be asked for
// in this way, are errors that are [ErrPaging], so that no page is lost in
// silence.
func All[T any](ctx context.Context, c *Connector, entity, action string, params Params, opts ...ExecuteOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		x := newExecution(entity, action, maps.Clone(params), opts)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		w := walk[T]{c: c, x: x, seen: map[uint64]struct{}{}}
		w.start()
		fetch := func() (*page[T], error) { return w.fetch(ctx) }
		if x.prefetch {
			next, wait := ahead(fetch)
			fetch = next
			defer func() { cancel(); wait() }() // no request outlives the iteration
		}
		for {
			p, err := fetch()
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if p == nil || !p.rows.each(x.op(), yield) {
				return
			}
			if p.err != nil {
				var zero T
				yield(zero, p.err)
				return
			}
		}
	}
}

// A walk goes from page to page.
type walk[T any] struct {
	c    *Connector
	x    *execution
	seen map[uint64]struct{} // hashes of the cursors that were used
	seed maphash.Seed
	body [2][]byte // what pages are read into; with a prefetch by turns, as one is in use
	rows [2][]T
	turn int
	over bool

	looked bool // for the connector's slug, which was not known
}

// page is one page of records, and why there is none after it although there
// should be.
type page[T any] struct {
	rows pageRows[T]
	err  error
}

func (w *walk[T]) start() {
	w.seed = maphash.MakeSeed()
	if name, ok := w.given(); ok {
		w.remember(fmt.Sprint(w.x.params[name]))
	}
}

// fetch asks for the next page; nil means that there is none.
func (w *walk[T]) fetch(ctx context.Context) (*page[T], error) {
	if w.over {
		return nil, nil
	}
	w.over = true // unless another page is found
	var p *page[T]
	var r *Result
	err := w.c.run(ctx, w.x, func(resp *http.Response) error {
		var err error
		p, r, err = w.read(resp)
		return err
	})
	if err != nil {
		return nil, err
	}
	if w.x.prefetch {
		w.turn = 1 - w.turn
	}
	p.err = w.advance(ctx, p, r)
	return p, nil
}

func (w *walk[T]) read(resp *http.Response) (*page[T], *Result, error) {
	body, err := readAll(resp, w.body[w.turn])
	w.body[w.turn] = body
	if err != nil {
		return nil, nil, err
	}
	p := new(page[T])
	e := envelope[pageRows[T]]{Result: pageRows[T]{action: w.x.action, raw: body, rows: w.rows[w.turn]}}
	if e.Result.action == "" {
		e.Result.action = "list"
	}
	if err := decodeBytes(resp, body, &e, decoding[T](w.x.useNumber)); err != nil {
		return nil, nil, err
	}
	if err := e.verdict(); err != nil {
		return nil, nil, withBody(err, body)
	}
	w.rows[w.turn] = e.Result.rows
	p.rows = e.Result
	r := e.result(w.x, e.Result.meta)
	if w.x.pager != nil {
		var data struct {
			Result spanned `json:"result"`
		}
		if jsonv2.Unmarshal(body, &data, lenient) == nil {
			r.Data = json.RawMessage(data.Result.of(body))
		}
	}
	return p, r, nil
}

// advance makes the parameters those of the next page, if there is one.
func (w *walk[T]) advance(ctx context.Context, p *page[T], r *Result) error {
	if w.x.pager != nil {
		params, err := w.x.pager(r, maps.Clone(w.x.params))
		if err != nil {
			return &Error{op: w.x.op(), err: fmt.Errorf("the pager: %w", err)}
		}
		w.x.params, w.over = params, params == nil
		return nil
	}
	if !r.Page.HasNext {
		return nil
	}
	name, value, why := w.next(ctx, p, r.Page)
	if why == "" && !w.remember(fmt.Sprint(value)) {
		why = fmt.Sprintf("the service gave a cursor again that it had given before, so it does not understand the parameter %q", name)
	}
	if why != "" {
		return &Error{op: w.x.op(), kind: ErrPaging, Message: "there is a next page, but " + why +
			"; name the right parameter with WithPageParam, or page with WithPager"}
	}
	if w.x.params == nil {
		w.x.params = Params{}
	}
	w.x.params[name], w.over = value, false
	return nil
}

// next is the parameter for the next page and its value, or why there is none.
func (w *walk[T]) next(ctx context.Context, p *page[T], at Page) (name string, value any, why string) {
	if at.link {
		return "", nil, "the connector tells it as a link (Page.Cursor)"
	}
	name = w.param(ctx, at)
	switch {
	case at.Cursor != "" && (!at.counts || counted(name) == byPage):
		if at.number || isInteger(w.x.params[name]) && isDigits(at.Cursor) {
			return name, json.Number(at.Cursor), ""
		}
		return name, at.Cursor, ""
	case counted(name) == byPage:
		n, ok := asInt(w.x.params[name])
		if !ok {
			n = 1
		}
		return name, json.Number(itoa(n + 1)), ""
	case counted(name) == byOffset:
		n, _ := asInt(w.x.params[name])
		if len(p.rows.rows) > 0 {
			return name, json.Number(itoa(n + int64(len(p.rows.rows)))), ""
		}
	case name == "starting_after":
		if id := p.rows.lastID(); id != "" {
			return name, id, ""
		}
		return name, nil, "its last record has no id to go on from"
	}
	return name, nil, "the metadata has no cursor"
}

// param is the name that the next page is asked for with.
func (w *walk[T]) param(ctx context.Context, at Page) string {
	if w.x.pageParam != "" {
		return w.x.pageParam
	}
	if w.x.action == actionSearch {
		return "cursor" // the service's own paging, whatever the connector
	}
	if name, ok := w.given(); ok {
		return name
	}
	suggested, ok := paramFor[at.name]
	if !ok && !w.looked {
		w.looked = true
		w.c.findSlug(ctx)
	}
	if name, ok := paramOf[plainSlug(w.c.Slug())]; ok {
		return name
	}
	if ok {
		return suggested
	}
	return "cursor"
}

// given is a parameter of paging among those of the caller.
func (w *walk[T]) given() (string, bool) {
	for _, name := range pagingParams {
		if _, ok := w.x.params[name]; ok {
			return name, true
		}
	}
	return "", false
}

// pagingParams are usual names of the parameter; the ones that can mean
// nothing else come first.
var pagingParams = []string{
	"cursor", "after", "starting_after", "startingAfter", "page_token", "pageToken", "next_page_token", "nextPageToken", "next_cursor", "nextCursor",
	"start_cursor", "startCursor", "continuation_token", "offset", "startAt", "start_at", "skip", "page", "page_number", "pageNumber",
}

// paramOf are connectors whose metadata suggests another name than the one
// that they want, or none, by slug.
var paramOf = map[string]string{
	"github": "after",
	"linear": "after",
	"stripe": "starting_after",
}

// paramFor is the parameter that a name in the metadata suggests. Names are in
// lower case without underscores, but for those whose parameter has the same
// spelling as they have.
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

// Ways that a parameter counts.
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

// remember notes a cursor and reports whether it is new.
func (w *walk[T]) remember(cursor string) bool {
	h := maphash.String(w.seed, cursor)
	if _, ok := w.seen[h]; ok {
		return false
	}
	w.seen[h] = struct{}{}
	return true
}

// lastID is the id of the last record, as text.
func (p *pageRows[T]) lastID() string {
	var r struct {
		ID any `json:"id"`
	}
	if jsonv2.Unmarshal(p.last.of(p.raw), &r, numbers) != nil {
		return ""
	}
	switch id := r.ID.(type) {
	case string:
		return answer.Line(id)
	case json.Number:
		return id.String()
	}
	return ""
}

// ahead is a fetch that has the page after it fetched meanwhile. wait waits for
// the fetch under way, if any.
func ahead[T any](fetch func() (*page[T], error)) (next func() (*page[T], error), wait func()) {
	type outcome struct {
		p        *page[T]
		err      error
		panicked any
	}
	var coming chan outcome
	launch := func() {
		coming = make(chan outcome, 1)
		go func(to chan<- outcome) {
			var o outcome
			defer func() {
				o.panicked = recover()
				to <- o
			}()
			o.p, o.err = fetch()
		}(coming)
	}
	next = func() (*page[T], error) {
		if coming == nil {
			launch()
		}
		o := <-coming
		coming = nil
		if o.panicked != nil { // a pager or a type of the caller's: it is the caller's to see
			panic(o.panicked)
		}
		if o.err == nil && o.p != nil && o.p.err == nil {
			launch()
		}
		return o.p, o.err
	}
	wait = func() {
		if coming != nil {
			<-coming
		}
	}
	return next, wait
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
