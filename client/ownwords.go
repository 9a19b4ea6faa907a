package client

import (
	"context"
	"net/http"
	"slices"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

// An ownWords has what a connector said about paging when it described itself.
type ownWords struct {
	mu      sync.Mutex
	came    bool                      // the connector need not be asked again: it answered, or cannot
	params  map[string][]paging.Param // by entity and action, where the description has parameters
	waiting chan struct{}             // closed when the request in progress ends; nil if there is none
}

// WithRecordsPerPage makes a page have n records, or as many as the vendor allows if
// that is fewer. It sets the parameter that the action declares for this, such as
// "limit" or "per_page", in place of one in params. But if params ask for a page by its
// number and have a size, such as those that [Result.NextParams] returned, they keep it:
// the number counts pages of that size, and with another, records would be left out.
//
// The SDK knows the parameters of the public connectors; an unknown connector is asked
// once to describe itself. If it remains unknown, or if the action has no such
// parameter, the call fails with an error that matches [ErrInvalid] and has no
// StatusCode, and the action is not run: a program for all kinds of connectors can then
// leave the option out.
func WithRecordsPerPage(n int) ExecuteOption {
	return func(x *execution) {
		x.sizer = func(ctx context.Context, c *Connector, x *execution) error { return c.setSize(ctx, x, n) }
	}
}

// setSize sets the parameter for the number of records on a page.
func (c *Connector) setSize(ctx context.Context, x *execution, n int) error {
	if _, err := x.wire(); err != nil {
		return err
	}
	if _, err := c.checkedID(x.op()); err != nil {
		return err
	}
	if n < 1 {
		return invalid(x.op(), "a page cannot have %d records", n)
	}
	t := turner{c: c, x: x}
	params, known := t.declared()
	if !known {
		if err := c.findSlug(ctx); err != nil {
			return err
		}
		params, known = t.declared()
	}
	if !known {
		if err := c.learnPaging(ctx); err != nil {
			return err
		}
		params, known = t.declared()
	}
	for _, p := range params {
		if p.Role == paging.Size {
			if _, sized := x.params[p.Name]; sized && counts(x.params, params) {
				return nil
			}
			x.params = withParams(x.params, Params{p.Name: n})
			return nil
		}
	}
	if known {
		return invalid(x.op(), "the action declares no parameter for the number of records on a page")
	}
	return invalid(x.op(), "it is not known which parameter sets the number of records on a page; give it in the params, without WithRecordsPerPage")
}

// counts reports whether params ask for a page by its number.
func counts(params Params, declared []paging.Param) bool {
	return slices.ContainsFunc(declared, func(p paging.Param) bool {
		return (p.Role == paging.Count0 || p.Role == paging.Count1) && params[p.Name] != nil
	})
}

// described returns what the connector said about the parameters of an action.
func (c *Connector) described(entity, action string) ([]paging.Param, bool) {
	c.own.mu.Lock()
	defer c.own.mu.Unlock()
	params, ok := c.own.params[entity+"\x00"+action]
	return params, ok
}

// learnPaging asks the connector to describe itself, for what that says about paging. It
// asks once, and waits if another goroutine is asking. Connectors need not be able to
// describe themselves: if this one cannot, that is no error, and it is not asked again. If
// the failure may pass, learnPaging returns it, and asks again next time.
func (c *Connector) learnPaging(ctx context.Context) error {
	c.own.mu.Lock()
	if c.own.came {
		c.own.mu.Unlock()
		return nil
	}
	if waiting := c.own.waiting; waiting != nil {
		c.own.mu.Unlock()
		select {
		case <-waiting:
			return nil
		case <-ctx.Done():
			return &Error{op: "describe connector", err: timing.Ended(ctx)}
		}
	}
	waiting := make(chan struct{})
	c.own.waiting = waiting
	c.own.mu.Unlock()
	var params map[string][]paging.Param
	came := false
	defer func() {
		c.own.mu.Lock()
		defer c.own.mu.Unlock()
		c.own.waiting, c.own.came, c.own.params = nil, came, params
		close(waiting)
	}()
	d, err := c.Describe(ctx)
	if err == nil {
		came, params = true, describedPaging(d)
		return nil
	}
	e, ok := err.(*Error) //nolint:errorlint // Execute returns no other
	if came = ok && !e.Retryable && !e.ofAuth && e.StatusCode != http.StatusUnauthorized && ctx.Err() == nil; came {
		return nil
	}
	return err
}

// describedPaging returns what a description says about paging.
func describedPaging(d *Description) map[string][]paging.Param {
	all := map[string][]paging.Param{}
	for _, e := range d.Entities {
		for _, a := range e.Actions {
			if a.Params == nil {
				continue
			}
			list := make([]paging.Described, len(a.Params))
			for i, p := range a.Params {
				list[i] = paging.Described{Name: p.Name, Type: p.Type, Description: p.Description}
				var schema struct {
					Format  loose[string]  `json:"format"`
					Default jsontext.Value `json:"default"`
					Schema  struct {
						Format  loose[string]  `json:"format"`
						Default jsontext.Value `json:"default"`
					} `json:"schema"`
				}
				if jsontext.Value(p.Raw).IsValid(lenient) && jsonv2.Unmarshal(p.Raw, &schema, lenient) == nil {
					list[i].Format = schema.Format.v + schema.Schema.Format.v
					list[i].Default = string(schema.Default) + string(schema.Schema.Default)
				}
			}
			all[e.Name+"\x00"+a.Name] = paging.Declare(list)
		}
	}
	return all
}
