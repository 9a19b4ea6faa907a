package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"reflect"
	"runtime"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// A Pager returns the parameters of the request for the next page, or nil if page is
// the last one. page has its Data, which is valid only during the call. params is a
// copy of the parameters of the request for page; the Pager may change and return it.
type Pager func(page *Result, params Params) (Params, error)

// WithPageParam sets the name of the parameter with which [All] and
// [Result.NextParams] request the next page, such as "page_token". It is for connectors
// whose parameter they do not find. The value of the parameter is the cursor or the
// link in the metadata of the page, or counts if the name is one for that, such as
// "page" or "offset".
func WithPageParam(name string) ExecuteOption {
	return func(x *execution) { x.pageParam = strings.TrimSpace(name) }
}

// WithPager makes [All] and [Result.NextParams] call p to find the next page, instead
// of applying their own rules. It is for connectors that page in an unusual way.
func WithPager(p Pager) ExecuteOption {
	return func(x *execution) { x.pager = p }
}

// WithPrefetch makes [All] request the next page while the loop handles the records
// of the current one. It has no effect on [Connector.Pages].
func WithPrefetch() ExecuteOption {
	return func(x *execution) { x.prefetch = true }
}

// All runs an action, usually "list", "api_search" or "context_store_search", and
// iterates over the records of all its pages. It requests a page when the loop needs
// it, and keeps one page in memory, or two with [WithPrefetch]. A record that does not
// fit T is yielded as an error that wraps a [*RecordError], and the iteration goes on
// if the loop does; any other error ends the iteration, and its Params are those of the
// request to repeat. All makes a copy of params, and does not change them.
//
// The parameter that requests the next page is the one that [WithPageParam] names, else
// the one that the action declares: as in the documents of the public connectors, which
// the SDK knows by slug, entity and action, or as an unknown connector says in its
// description. All asks for that once per [Connector], and only if there is another page,
// or if the number of records is one that may be a full page. If neither tells, it is a
// parameter in params that is commonly used for paging and has such a value, the one that
// the metadata of the page suggests, or "cursor". If the slug of the connector is unknown
// and matters, All looks it up. For an action that may change something, see [IsRead], no
// second page is requested without [WithPager].
//
// Where pages are counted, by number, offset or the ID of the last record, and the
// metadata says nothing, All requests pages until one is shorter than a full one. Where
// a cursor is declared that the metadata does not have, a page is the last one if it is
// empty, or shorter than the size that params ask for; but not if its length is a round
// number, which may be the most that the vendor sends at once.
//
// No page is lost without an error, and none is yielded twice. But records that change
// meanwhile move others to another page, where the loop misses them or gets them twice:
// to write to what All lists, collect the IDs first. If there is another page that
// cannot be requested, or if it is not known whether there is, the last value is an
// error that matches [ErrPaging], after all records of the pages that came. If a page
// comes again, it is not yielded and the error matches [ErrPageRepeated], too: the
// connector does not understand the parameter. With a declared cursor that is so if the
// cursor came before, otherwise if the records did. For vendors that page in a way of
// their own, use [WithPager].
func All[T any](ctx context.Context, c *Connector, entity, action string, params Params, opts ...ExecuteOption) iter.Seq2[T, error] {
	return iterate[T](c.allPages(ctx, entity, action, params, opts))
}

// allPages returns the feed of an iteration over pages.
//
//go:noinline
func (c *Connector) allPages(ctx context.Context, entity, action string, params Params, opts []ExecuteOption) feed {
	return func(slice reflect.Type, loop yielder) {
		x := newExecution(entity, action, params, opts)
		op, yield := x.op(), naming(x.about(c), loop)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		w := walk{turner: turner{c: c, x: x}, into: [2]reflect.Value{reflect.New(slice).Elem(), reflect.New(slice).Elem()}}
		next := func() (*loadedPage, error) { return w.nextPage(ctx) }
		if x.prefetch {
			prefetched, wait := ahead(next)
			next = prefetched
			defer func() { cancel(); wait() }() // no request outlives the loop
		}
		for {
			p, err := next()
			if err != nil {
				yield(nil, err)
				return
			}
			if p == nil || !p.rows.each(op, yield) {
				return
			}
			if p.err != nil {
				yield(nil, p.err)
				return
			}
		}
	}
}

// A walk is the state of an iteration over pages.
type walk struct {
	turner
	state  paging.State
	before *paging.In       // what the first page brought, until the second is asked for; else nil
	body   [2][]byte        // the buffers that pages are read into
	into   [2]reflect.Value // the two slices that records are decoded into
	side   int              // which of both to use next: with a prefetch, the loop still uses the other one
	over   bool             // there is no further page, or none is known
	number int              // the number of the page, from 1
}

// A loadedPage is one page of records. err is why the next one cannot be asked for.
type loadedPage struct {
	rows *pageRows
	err  error
}

// nextPage requests the next page. It returns nil if there is none.
func (w *walk) nextPage(ctx context.Context) (*loadedPage, error) {
	if w.before != nil {
		in := *w.before
		w.before = nil
		if _, err := w.advance(ctx, in); err != nil {
			w.over = true
			return nil, err
		}
	}
	if w.over {
		return nil, nil
	}
	w.over = true // unless another page is found
	w.number++
	var p *loadedPage
	var r *Result
	err := w.c.run(ctx, w.x, func(resp *http.Response) error {
		var err error
		p, r, err = w.receive(resp)
		return err
	})
	if err != nil {
		return nil, err
	}
	if w.x.prefetch {
		w.side = 1 - w.side
	}
	if w.x.pager != nil {
		params, err := w.byPager(r)
		if params != nil {
			w.x.params, w.over = params, false
		}
		p.err = err
		return p, nil
	}
	in := paging.In{Metadata: jsontext.Value(r.Metadata)}
	p.rows.brought(&in)
	if w.number == 1 { // the loop need not wait for what may have to be looked up
		w.before, w.over = &in, false
		return p, nil
	}
	drop, err := w.advance(ctx, in)
	if drop {
		p.rows.drop()
	}
	p.err = err
	return p, nil
}

// advance sets the parameters to those of the next page, if there is one. It reports
// whether the records of this one came before.
func (w *walk) advance(ctx context.Context, in paging.In) (drop bool, err error) {
	in.State = w.state
	out, err := w.decide(ctx, in, paging.Next)
	if err != nil {
		return false, withRequest(err, w.x.params)
	}
	w.state = out.State
	if err := w.failed(out); err != nil {
		return out.Drop, err
	}
	if !out.End && !readActions[w.x.action] {
		return out.Drop, noSecondPage(w.x)
	}
	if w.over = out.End; !out.End {
		w.x.params = withParams(w.x.params, out.Set)
	}
	return out.Drop, nil
}

// receive reads the response with a page. The result is for finding the next page.
func (w *walk) receive(resp *http.Response) (*loadedPage, *Result, error) {
	body, err := readAll(resp, w.body[w.side])
	w.body[w.side] = body
	if err != nil {
		return nil, nil, err
	}
	rows, r, err := readPage(w.x, resp, body, w.into[w.side])
	if err != nil {
		return nil, nil, err
	}
	for _, wrong := range rows.wrong {
		wrong.Page = w.number
	}
	if w.x.pager != nil {
		r.pages = &turner{c: w.c, x: w.x, ofPager: true}
	} else {
		r.Data = nil // body is used again
	}
	return &loadedPage{rows: rows}, r, nil
}

// readPage decodes the response to an execution, body, into the records of one page and
// a result whose Data is a slice of body. into is a slice that can be set. A record that
// is nested too deeply spoils only itself.
func readPage(x *execution, resp *http.Response, body []byte, into reflect.Value) (*pageRows, *Result, error) {
	e := envelope[pageRows]{Result: pageRows{action: x.action, raw: body, rows: into, again: x.again}}
	e.Result.drop() // nothing of another page, or of an attempt that failed, may remain
	rows, opts := e.Result, e.Result.decoding(x.useNumber)
	err := decodeBytes(resp, body, &e, opts)
	text, deep := shallow(body, err)
	if deep != nil {
		rows.raw, rows.deep = text, deep
		e = envelope[pageRows]{Result: rows}
		err = decodeBytes(resp, text, &e, opts)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := e.verdict(); err != nil {
		return nil, nil, withBody(err, body)
	}
	r, whole := e.result(x, resp), e.Result.whole
	r.Data = json.RawMessage(span{offsetBefore(deep, whole.start), offsetBefore(deep, whole.end)}.of(body))
	return &e.Result, r, nil
}

// ahead returns a function that returns the next page, and then begins to load the one
// after it. wait waits until nothing is being loaded.
func ahead(load func() (*loadedPage, error)) (next func() (*loadedPage, error), wait func()) {
	type outcome struct {
		p        *loadedPage
		err      error
		returned bool
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
			o.p, o.err = load()
			o.returned = true
		}(coming)
	}
	next = func() (*loadedPage, error) {
		if coming == nil {
			launch()
		}
		o := <-coming
		coming = nil
		switch { // a pager or a type of the caller's: it is the caller's to see
		case o.panicked != nil:
			panic(o.panicked)
		case !o.returned: // as after t.FailNow
			runtime.Goexit()
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
