package client

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"net/http"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// A Pager returns the parameters of the request for the next page, or nil if page is
// the last one. page has its Data, which is valid only during the call. params is a
// copy of the parameters of the request for page; the Pager may change and return it.
type Pager func(page *Result, params Params) (Params, error)

// WithPageParam sets the name of the parameter with which [All] and
// [Result.NextParams] request the next page, such as "page_token". It is for connectors
// whose parameter they do not find. The value of the parameter is the cursor or the
// link in the metadata of the page.
func WithPageParam(name string) ExecuteOption {
	return func(x *execution) { x.pageParam = strings.TrimSpace(name) }
}

// WithPager makes [All] and [Result.NextParams] call p to find the next page, instead
// of applying their own rules. It is for connectors that page in an unusual way.
func WithPager(p Pager) ExecuteOption {
	return func(x *execution) { x.pager = p }
}

// WithPrefetch makes [All] request the next page while the loop handles the records
// of the current one.
func WithPrefetch() ExecuteOption {
	return func(x *execution) { x.prefetch = true }
}

// All runs an action, usually "list", "api_search" or "context_store_search", and
// iterates over the records of all its pages. It requests a page when the loop needs
// it, and keeps one page in memory, or two with [WithPrefetch]. A record that does not
// fit T is yielded as an error that wraps a [*RecordError], and the iteration goes on
// if the loop does; any other error ends the iteration. All does not change params.
//
// The parameter that requests the next page is the one that [WithPageParam] names.
// Without that option, it is "cursor" for a search of the context store. For other
// actions it is the first of these that exists: a parameter in params that is commonly
// used for paging, such as "cursor" or "offset"; the one that this kind of connector is
// known to use; the one that the metadata of the page suggests; "cursor". If the slug
// of the connector is unknown and needed for this, All looks it up.
//
// If the metadata shows another page that cannot be requested, or a cursor that was
// used before, the last value is an error that matches [ErrPaging], and no page is
// yielded twice. If the metadata shows no other page, as far as All understands it, the
// iteration ends. For vendors that page in a way of their own, use [WithPager].
func All[T any](ctx context.Context, c *Connector, entity, action string, params Params, opts ...ExecuteOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		x := newExecution(entity, action, maps.Clone(params), opts)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		w := walk[T]{turner: turner{c: c, x: x}, seen: map[uint64]struct{}{}}
		w.start()
		fetch := func() (*page[T], error) { return w.fetch(ctx) }
		if x.prefetch {
			next, wait := ahead(fetch)
			fetch = next
			defer func() { cancel(); wait() }() // no request outlives the loop
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

// A walk is the state of an iteration over pages.
type walk[T any] struct {
	turner
	seen map[uint64]struct{} // the hashes of the cursors that were used
	seed maphash.Seed
	body [2][]byte // the buffers that pages are read into
	rows [2][]T
	side int // the buffer to use next: with a prefetch, the loop still uses the other one
	over bool

	number  int    // the number of the page, from 1
	records uint64 // the hash of the records of the page before
}

// A page is one page of records. err is why the next one cannot be asked for.
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

// fetch requests the next page. It returns nil if there is none.
func (w *walk[T]) fetch(ctx context.Context) (*page[T], error) {
	if w.over {
		return nil, nil
	}
	w.over = true // unless another page is found
	w.number++
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
		w.side = 1 - w.side
	}
	p.err = w.advance(ctx, p, r)
	return p, nil
}

func (w *walk[T]) read(resp *http.Response) (*page[T], *Result, error) {
	body, err := readAll(resp, w.body[w.side])
	w.body[w.side] = body
	if err != nil {
		return nil, nil, err
	}
	p := new(page[T])
	e := envelope[pageRows[T]]{Result: pageRows[T]{action: w.x.action, raw: body, rows: w.rows[w.side], again: w.x.again}}
	if err := decodeBytes(resp, body, &e, decoding[T](w.x.useNumber)); err != nil {
		return nil, nil, err
	}
	if err := e.verdict(); err != nil {
		return nil, nil, withBody(err, body)
	}
	w.rows[w.side] = e.Result.rows
	for _, wrong := range e.Result.wrong {
		wrong.Page = w.number
	}
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

// advance sets the parameters to those of the next page, if there is one.
func (w *walk[T]) advance(ctx context.Context, p *page[T], r *Result) error {
	params, cursor, err := w.turn(ctx, r, func() records { return records{n: len(p.rows.rows), lastID: p.rows.lastID()} })
	if params == nil {
		return err
	}
	if cursor != nil { // otherwise a Pager has decided
		if err := w.repeated(cursor, p); err != nil {
			return err
		}
	}
	w.x.params, w.over = params, false
	return nil
}

// repeated returns an error if the cursor of the next page was used before, or if the
// records came before. It drops the records in that case, as the loop has seen them.
func (w *walk[T]) repeated(cursor *pageCursor, p *page[T]) error {
	same, fresh := w.sameAsBefore(p), w.remember(fmt.Sprint(cursor.value))
	if same && (!fresh || p.rows.lastID() != "") { // without IDs, records of several pages may be equal
		p.rows.rows, p.rows.wrong = nil, nil
		return w.fail(fmt.Sprintf("the connector sent the same records again, so it does not understand the parameter %q", cursor.name))
	}
	if !fresh {
		return w.stuck(cursor.name)
	}
	return nil
}

// sameAsBefore reports whether the page has the records of the page before it.
func (w *walk[T]) sameAsBefore(p *page[T]) bool {
	before := w.records
	w.records = maphash.Bytes(w.seed, p.rows.all.of(p.rows.raw))
	return w.records == before
}

// remember records a cursor and reports whether it is new.
func (w *walk[T]) remember(cursor string) bool {
	h := maphash.String(w.seed, cursor)
	if _, ok := w.seen[h]; ok {
		return false
	}
	w.seen[h] = struct{}{}
	return true
}

// lastID returns the ID of the last record as text, "" if it has none.
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

// ahead returns a function that returns the next page and starts to fetch the one
// after it. wait waits for the fetch in progress, if any.
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
		if o.p != nil {
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
