package client

import (
	"context"
	"iter"
	"net/http"
	"reflect"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// WithLimit makes [SQL] return at most n rows, as LIMIT in the query does. If there are
// more, the service says so, and so does SQL. For other functions it is an error that
// matches [ErrInvalid]: [All] yields every record, until the loop breaks off, and
// [WithRecordsPerPage] sets how many come with one request.
func WithLimit(n int) ExecuteOption {
	return func(x *execution) { x.limit = &n }
}

// SQL runs a query on the copies of records that the context store has of an entity,
// and iterates over the rows of the result. The query is one statement that reads, in
// the SQL of DuckDB; the service refuses all others. A row that does not fit T is
// yielded as an error that wraps a [*RecordError], and the iteration goes on if the
// loop does.
//
// The service responds with one page. If the result has more rows than that, or than
// [WithLimit] allows, the last value is an error that matches [ErrPaging], after all
// rows of the page: a query with LIMIT and OFFSET, and an ORDER BY, gets the others.
//
// Some connectors can be searched in this way, others with [Search]; [Connector.Docs]
// says which. An empty query is an error that matches [ErrInvalid]; nothing is sent.
func SQL[T any](ctx context.Context, c *Connector, entity, query string, opts ...ExecuteOption) iter.Seq2[T, error] {
	return iterate[T](c.sqlRows(ctx, entity, query, opts))
}

// sqlRows returns the feed of a query.
//
//go:noinline
func (c *Connector) sqlRows(ctx context.Context, entity, query string, opts []ExecuteOption) feed {
	return func(slice reflect.Type, loop yielder) {
		yield := naming((&execution{entity: entity, action: actionSQL}).about(c), loop)
		x, err := newSQL(entity, query, opts)
		if err != nil {
			yield(nil, err)
			return
		}
		var rows pageRows
		var metadata jsontext.Value
		err = c.run(ctx, x, func(resp *http.Response) error {
			body, err := readAll(resp, nil)
			if err != nil {
				return err
			}
			e := envelope[pageRows]{Result: pageRows{action: x.action, raw: body, rows: reflect.New(slice).Elem()}}
			if err := decodeBytes(resp, body, &e, e.Result.decoding(x.useNumber)); err != nil {
				return err
			}
			rows, metadata = e.Result, e.Metadata
			return withBody(e.verdict(), body)
		})
		if err != nil {
			yield(nil, err)
			return
		}
		if !rows.each(x.op(), yield) {
			return
		}
		if moreIn(rows.beside) || moreIn(metadata) {
			yield(nil, &Error{op: x.op(), kind: ErrPaging, Message: "the result has more rows, which the service does not send; go on with LIMIT and OFFSET in the query, and an ORDER BY"})
		}
	}
}

// moreIn reports whether an object, such as the metadata of a result, says that there
// are more rows, itself or in its "meta".
func moreIn(object jsontext.Value) bool {
	type says struct {
		More loose[bool] `json:"has_more"`
	}
	var in struct {
		says
		Meta loose[says] `json:"meta"`
	}
	return jsonv2.Unmarshal(object, &in, lenient) == nil && (in.More.v || in.Meta.v.More.v)
}

// newSQL returns the execution of a query, or an error if the query or the limit is wrong.
func newSQL(entity, query string, opts []ExecuteOption) (*execution, error) {
	x := newExecution(entity, actionSQL, Params{"sql": query}, opts)
	if strings.TrimSpace(query) == "" {
		return nil, invalid(x.op(), "the query is empty")
	}
	if x.limit != nil {
		if *x.limit < 1 {
			return nil, invalid(x.op(), "the limit %d is less than 1", *x.limit)
		}
		x.params["limit"] = *x.limit
	}
	return x, nil
}
