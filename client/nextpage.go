package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"reflect"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// This file finds the page after a page of a connector: what is known of its parameters is
// gathered here, and package paging decides.

// A Page says whether another page follows a result. To request that page, use the
// parameters that [Result.NextParams] returns: which parameter takes the cursor
// differs by connector.
type Page struct {
	// HasNext reports whether there is another page, or may be one.
	HasNext bool

	// Cursor is the cursor of the next page, its number or offset, or a link to it. It
	// is "" if there is no next page, and for connectors that page by something else,
	// such as the ID of the last record.
	Cursor string
}

// String returns the fields, for printing.
func (p Page) String() string {
	return fmt.Sprintf("client.Page{HasNext: %t, Cursor: %q}", p.HasNext, shorten(p.Cursor))
}

// Page says whether another page follows r, in the same way for every connector, by
// the rules of [All]. It sends nothing, and remembers nothing: what only a request
// could tell, such as the slug of a connector from [Workspace.ConnectorByID], it does
// without, and it does not notice that a page came again.
func (r *Result) Page() Page {
	in := r.brought()
	if r.pages != nil {
		t := *r.pages // the result may be shared
		t.tell(&in)
	}
	out := paging.Next(in)
	return Page{HasNext: !out.End, Cursor: out.Cursor}
}

// NextParams returns the parameters that request the page after r, or nil if r is the
// last page. They are those of the request for r, and what asks for the next page, under
// the name and in the form that this kind of connector expects; see [All] for how the
// name is found. The options of the request for r apply, including [WithPageParam] and
// [WithPager].
//
// NextParams is for programs that handle one page at a time, such as a tool that a
// model calls once for each page; to loop over all pages, use [All]. Call it before the
// records of r are handled, and look at the error:
//
//   - Without an error, handle the records, and request the next page with the
//     parameters, which can be stored as JSON meanwhile.
//   - If it matches [ErrPageRepeated], do not handle the records: r is a page that came
//     before. If there are parameters beside the error, request them instead of r: the
//     connector counts its pages from 1, and they are those of the second one.
//   - If it matches [ErrPaging] alone, handle the records: there is a next page, but it
//     cannot be requested.
//
// To notice a page that came again, the [Connector] remembers a limited number of pages
// after which NextParams was called. So use one Connector for all pages: one that was
// made for this request alone, as in the handler of an HTTP request, has seen no page
// before. Calling NextParams for one page twice is no repetition.
//
// It sends nothing, except to look up the slug of a connector from
// [Workspace.ConnectorByID], and to let an unknown connector describe itself, if that
// matters; see All. Some connectors page by the records, such as by the ID of the last
// one; for a result of the function [Execute], NextParams then needs [WithRawData].
// Without that option it also does not notice pages that came again by their records.
func (r *Result) NextParams(ctx context.Context) (Params, error) {
	params, err := r.nextParams(ctx)
	return params, r.about().addTo(err)
}

func (r *Result) nextParams(ctx context.Context) (Params, error) {
	if r.pages == nil || r.pages.ofPager {
		return nil, invalid("next page", "the result is not one that Execute returned")
	}
	t := *r.pages // the result may be shared
	if t.x.pager != nil {
		return t.byPager(r)
	}
	m := t.c.memory()
	in := r.brought()
	in.State = m.recall(t.x)
	out, err := t.decide(ctx, in, m.next)
	if err != nil {
		return nil, withRequest(err, t.x.params)
	}
	if out.Problem == paging.Repeated && !out.Drop { // not this page came before, but the next one would
		if out.Problem = paging.Unknown; out.Set != nil {
			out.Problem = paging.Fine // the error is that of the next page, once it has come
		}
	}
	var next Params
	if out.Set != nil && out.Problem == paging.Fine {
		next = withParams(cloneParams(t.x.params), out.Set)
		m.remember(t.x, next, out.State)
	}
	if out.Drop && out.Problem == paging.Fine {
		out.Problem, out.Why = paging.Repeated, "the connector sent the records of an earlier page again"
		if out.Set != nil {
			out.Why += " because it counts its pages from 1"
		}
	}
	return next, t.failed(out)
}

// Pages runs an action, usually "list", and iterates over its pages, undecoded. Where
// [All] has the records, it is for programs that do something for each page, such as
// storing the place from which to go on after a failure:
//
//	for page, err := range conn.Pages(ctx, "tickets", "list", saved) {
//		if err != nil {
//			return err // the next run goes on from saved
//		}
//		for ticket, err := range client.Rows[Ticket](page) {
//			…
//		}
//		next, err := page.NextParams(ctx)
//		if err != nil {
//			return err // this was the last page that can be requested
//		}
//		saved, done = next, next == nil // nil would begin again
//	}
//
// Pages finds the next page as [Result.NextParams] does, with the same options; a page
// that comes again is not yielded. It requests a page when the loop has handled the one
// before, and an error ends it: that of a request, which has the Params to repeat, or
// one that matches [ErrPaging] after the last page that came. For an action that may
// change something, see [IsRead], only one page is requested without [WithPager].
func (c *Connector) Pages(ctx context.Context, entity, action string, params Params, opts ...ExecuteOption) iter.Seq2[*Result, error] {
	return func(yield func(*Result, error) bool) {
		for next := params; ; {
			r, err := c.Execute(ctx, entity, action, next, opts...)
			if err != nil {
				yield(nil, err)
				return
			}
			next, err = r.NextParams(ctx)
			again := errors.Is(err, ErrPageRepeated)
			if !again && !yield(r, nil) {
				return
			}
			switch once := !IsRead(action) && r.pages.x.pager == nil; {
			case next != nil && once:
				err = r.about().addTo(noSecondPage(r.pages.x))
			case next != nil && again:
				continue // the connector counts from 1
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if next == nil {
				return
			}
		}
	}
}

// noSecondPage is the error for a next page of an action that may change something.
func noSecondPage(x *execution) error {
	return withRequest(&Error{op: x.op(), kind: ErrPaging, Message: fmt.Sprintf(
		"there may be a next page, but %q may change something, and so is not run again; use WithPager, or Result.NextParams", x.action)}, x.params)
}

// brought returns what the page of r brought.
func (r *Result) brought() paging.In {
	in := paging.In{Metadata: jsontext.Value(r.Metadata), Beside: r.beside, Count: r.count}
	data := r.Data
	if data == nil {
		data = r.kept
	}
	if len(data) == 0 { // there is none, or it was decoded already
		return in
	}
	if rows, err := r.rows(data, reflect.TypeFor[[]ignored]()); err == nil {
		rows.brought(&in)
	}
	return in
}

// brought sets what the rows say about their page.
func (p *pageRows) brought(in *paging.In) {
	in.Count, in.Records, in.Last = p.rows.Len(), p.records(), p.lastRecord
	if len(p.beside) > 0 {
		in.Beside = p.beside
	}
}

// An ignored value is skipped when it is decoded.
type ignored struct{}

func (*ignored) UnmarshalJSONFrom(dec *jsontext.Decoder) error { return dec.SkipValue() }

// A turner finds out how to request the page after a page: c is the connector, and x
// the execution that requested that page.
type turner struct {
	c *Connector
	x *execution

	ofPager bool // the result is one that a Pager gets
	looked  bool // the slug of the connector was looked up
	asked   bool // the connector was asked to describe itself

	params []paging.Param // what the action declares
	known  bool           // params are known
}

// byPager returns the parameters that a Pager chooses.
func (t *turner) byPager(r *Result) (Params, error) {
	params, err := t.x.pager(r, cloneParams(t.x.params))
	if err != nil {
		return nil, withRequest(&Error{op: t.x.op(), err: fmt.Errorf("the pager: %w", err)}, t.x.params)
	}
	return cloneParams(params), nil
}

// decide decides what follows from a page, with next, which is paging.Next, perhaps behind
// a lock. If more could be known about the parameters of the action, and that would matter,
// it looks the slug of the connector up, and asks the connector to describe itself, each
// once. The error is that of looking the slug up.
func (t *turner) decide(ctx context.Context, in paging.In, next func(paging.In) paging.Out) (paging.Out, error) {
	t.tell(&in)
	out := next(in)
	if in.Known || in.Param != "" {
		return out, nil
	}
	if !t.looked && t.c.Slug() == "" && (!out.End || slugMatters(t.x, in)) {
		if err := t.c.findSlug(ctx); err != nil {
			return paging.Out{}, err
		}
		t.looked = true
		t.tell(&in)
		if out = next(in); in.Known {
			return out, nil
		}
	}
	if out.Ask && !t.asked {
		t.asked = true
		_ = t.c.learnPaging(ctx) // if that fails, the metadata has to do
		if t.tell(&in); in.Known {
			return next(in), nil
		}
	}
	return out, nil
}

// tell sets what is known about the parameters of the action.
func (t *turner) tell(in *paging.In) {
	in.Param, in.Params = t.x.pageParam, t.x.params
	if !t.known {
		t.params, t.known = t.declared()
	}
	in.Declared, in.Known = t.params, t.known
	if slug := t.c.Slug(); slug != "" && !t.known {
		in.Likely = paging.Likely(plainSlug(slug))
	}
}

// declared returns what the action declares about paging, as far as that is known without
// a request: from the table of kinds of connectors, from generated code, or from a
// description that came before. It reports false if it is not known.
func (t *turner) declared() ([]paging.Param, bool) {
	x := t.x
	switch x.action { // in the context store the service pages, not the connector
	case actionSQL:
		return nil, true // it has one page
	case actionSearch:
		return []paging.Param{{Name: "cursor", Role: paging.Cursor, Fed: true}, {Name: "limit", Role: paging.Size, Integer: true}}, true
	}
	if slug := t.c.Slug(); slug != "" {
		if params, ok := paging.Lookup(plainSlug(slug), x.entity, x.action); ok {
			return params, true
		}
	}
	if x.declared != nil {
		return x.declared, true
	}
	return t.c.described(x.entity, x.action)
}

// slugMatters reports whether a page that seems to be the last would have a next one if the
// connector were of one of the kinds in the table.
func slugMatters(x *execution, in paging.In) bool {
	in.State = paging.State{} // the memory of the real one must not change
	for slug := range paging.Slugs {
		if in.Declared, in.Known = paging.Lookup(slug, x.entity, x.action); !in.Known {
			continue
		}
		if !paging.Next(in).End {
			return true
		}
	}
	return false
}

// failed returns the error for a page after which the next one cannot be asked for, nil
// if it can.
func (t *turner) failed(out paging.Out) error {
	if out.Problem == paging.Fine {
		return nil
	}
	e := &Error{op: t.x.op(), kind: ErrPaging, Message: out.Why}
	switch out.Problem {
	case paging.Gone:
		e.Message += "; WithRawData keeps them"
		return withRequest(e, t.x.params)
	case paging.NoID:
		if len(t.x.selected)+len(t.x.excluded) > 0 {
			e.Message += "; let WithSelectFields and WithExcludeFields leave it in"
		}
	case paging.Repeated:
		e.kind = ErrPageRepeated
	}
	e.Message += "; name the right parameter with WithPageParam, or page with WithPager"
	return withRequest(e, t.x.params)
}

const (
	maxPlaces = 256  // states in a pageMemory
	maxPages  = 1024 // pages that a state remembers one by one
)

// A pageMemory keeps the states of programs that handle one page at a time. NextParams
// returns parameters that request a page; under these, the memory keeps the state of paging
// before that page, for the next call of NextParams. It forgets the oldest states.
type pageMemory struct {
	mu     sync.Mutex
	seed   maphash.Seed
	states map[uint64]paging.State // by key
	order  []uint64                // the keys, the oldest first
}

// memory returns the memory of c.
func (c *Connector) memory() *pageMemory {
	if m := c.pages.Load(); m != nil {
		return m
	}
	c.pages.CompareAndSwap(nil, &pageMemory{seed: maphash.MakeSeed(), states: map[uint64]paging.State{}})
	return c.pages.Load()
}

// next is paging.Next for states that are shared.
func (m *pageMemory) next(in paging.In) paging.Out {
	m.mu.Lock()
	defer m.mu.Unlock()
	return paging.Next(in)
}

// recall returns the state before the page that x requested.
func (m *pageMemory) recall(x *execution) paging.State {
	key, ok := m.key(x, x.params)
	m.mu.Lock()
	defer m.mu.Unlock()
	if state, found := m.states[key]; ok && found {
		return state
	}
	return paging.State{Limit: maxPages}
}

// remember keeps the state before the page that x requests with params.
func (m *pageMemory) remember(x *execution, params Params, state paging.State) {
	key, ok := m.key(x, params)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.order, key); i >= 0 {
		m.order = slices.Delete(m.order, i, i+1)
	} else if len(m.order) >= maxPlaces {
		delete(m.states, m.order[0])
		m.order = slices.Delete(m.order, 0, 1)
	}
	m.order, m.states[key] = append(m.order, key), state
}

// key returns what stands for a request with params: the same for equal parameters, even
// after a program stored them as JSON. It reports false if they cannot be encoded.
func (m *pageMemory) key(x *execution, params Params) (uint64, bool) {
	raw, err := jsonv1.Marshal(params)
	if err != nil {
		return 0, false
	}
	plain, err := jsonv1.Read(jsontext.NewDecoder(bytes.NewReader(raw), lenient), true)
	if err != nil {
		return 0, false
	}
	raw, err = jsonv1.Marshal([]any{x.entity, x.action, x.pageParam, plain}) // in the order of the names
	return maphash.Bytes(m.seed, raw), err == nil
}
