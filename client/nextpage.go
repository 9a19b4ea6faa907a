package client

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"reflect"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

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
	return params, r.about().of(err)
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
	if out.Problem == paging.Repeated && !out.Drop { // the page that comes again is the next one: this one is good
		if out.Problem = paging.Unknown; out.Set != nil {
			out.Problem = paging.Fine // and NextParams says so after that one
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

// brought sets what the rows say.
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

// decide decides what follows from a page. next is paging.Next, perhaps behind a lock.
// It looks the slug up, and asks the connector to describe itself, if that matters and
// was not done. The error is that of looking the slug up.
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
		_ = t.c.ask(ctx) // without an answer, the metadata has to do
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

// declared returns what the action declares about paging, from what is known without a
// request: the table of known kinds of connectors, generated code, or a description that
// came already.
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

// slugMatters reports whether a page that seems to be the last one would not be it for
// one of the kinds of connectors in the table.
func slugMatters(x *execution, in paging.In) bool {
	in.State = paging.State{} // with a memory of its own
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
		if len(t.x.selected)+len(t.x.hidden) > 0 {
			e.Message += "; let WithSelectFields and WithExcludeFields leave it in"
		}
	case paging.Repeated:
		e.kind = ErrPageRepeated
	}
	e.Message += "; name the right parameter with WithPageParam, or page with WithPager"
	return withRequest(e, t.x.params)
}

const (
	maxPlaces = 256  // how many pages a Connector can be asked to go on from
	maxPages  = 1024 // how many pages before such a page it compares with
)

// A pageMemory has what came before pages that NextParams gave the parameters of.
type pageMemory struct {
	mu     sync.Mutex
	seed   maphash.Seed
	states map[uint64]paging.State // by the parameters
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

// key returns the same for parameters that are equal, also after they were stored as
// JSON.
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
