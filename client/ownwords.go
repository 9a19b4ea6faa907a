package client

import (
	"context"
	"encoding/json"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// An ownWords has what a connector said about paging when it described itself.
type ownWords struct {
	mu      sync.Mutex
	came    bool                      // the connector has answered, or will never
	params  map[string][]paging.Param // by entity and action, where the description has parameters
	waiting chan struct{}             // closed when the request in progress ends; nil if there is none
}

// described returns what the connector said about the parameters of an action.
func (c *Connector) described(entity, action string) ([]paging.Param, bool) {
	c.own.mu.Lock()
	defer c.own.mu.Unlock()
	params, ok := c.own.params[entity+"\x00"+action]
	return params, ok
}

// ask asks the connector to describe itself, unless it was asked before. To describe
// oneself is not required of connectors, so that it does not answer is no error; it is
// asked again only if the failure may pass.
func (c *Connector) ask(ctx context.Context) {
	c.own.mu.Lock()
	if c.own.came {
		c.own.mu.Unlock()
		return
	}
	if waiting := c.own.waiting; waiting != nil {
		c.own.mu.Unlock()
		select {
		case <-waiting:
		case <-ctx.Done():
		}
		return
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
		return
	}
	e, ok := err.(*Error) //nolint:errorlint // Execute returns no other
	came = ok && !e.Retryable && ctx.Err() == nil
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
				if json.Valid(p.Raw) && jsonv2.Unmarshal(p.Raw, &schema, lenient) == nil {
					list[i].Format = schema.Format.v + schema.Schema.Format.v
					list[i].Default = string(schema.Default) + string(schema.Schema.Default)
				}
			}
			all[e.Name+"\x00"+a.Name] = paging.Declare(list)
		}
	}
	return all
}
