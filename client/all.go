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
// else under the name that its metadata suggests; else as "cursor". A cursor
// that comes back, and a next page that cannot be asked for in this way, are
// errors that are [ErrPaging], so that no page is lost in silence.
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
	turner
	seen map[uint64]struct{} // hashes of the cursors that were used
	seed maphash.Seed
	body [2][]byte // what pages are read into; with a prefetch by turns, as one is in use
	rows [2][]T
	side int
	over bool

	number  int    // of the page, from 1
	records uint64 // hash of the records of the page before
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
	e := envelope[pageRows[T]]{Result: pageRows[T]{action: w.x.action, raw: body, rows: w.rows[w.side]}}
	if e.Result.action == "" {
		e.Result.action = "list"
	}
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

// advance makes the parameters those of the next page, if there is one.
func (w *walk[T]) advance(ctx context.Context, p *page[T], r *Result) error {
	params, cursor, err := w.turn(ctx, r, func() records { return records{n: len(p.rows.rows), lastID: p.rows.lastID()} })
	if err != nil || params == nil {
		return err
	}
	same := w.sameAsBefore(p)
	if cursor != nil && !w.remember(fmt.Sprint(cursor.value)) {
		if same {
			p.rows.rows, p.rows.wrong = nil, nil // were yielded already
		}
		return w.stuck(cursor.name)
	}
	w.x.params, w.over = params, false
	return nil
}

// sameAsBefore reports whether the page has the records of the page before it.
func (w *walk[T]) sameAsBefore(p *page[T]) bool {
	before := w.records
	w.records = maphash.Bytes(w.seed, p.rows.all.of(p.rows.raw))
	return w.number > 1 && w.records == before
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
