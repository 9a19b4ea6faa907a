package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/model"
)

// maxAsking is how long the service may take to answer all questions about a connector.
const maxAsking = 5 * time.Minute

// ask makes the package of a connector that the service has: from its document, or from
// what it says about itself if the service keeps the document back.
func ask(slug string) (*model.Package, error) {
	ctx, cancel := context.WithTimeout(context.Background(), maxAsking)
	defer cancel()
	conn, err := client.Connect(ctx, slug)
	if err != nil {
		return nil, err
	}
	described, whyNot := conn.Describe(ctx)
	entity, action := readable(described)
	if entity == "" {
		if entity, err = searchable(ctx, conn); err != nil {
			return nil, err
		}
		action = "list"
	}
	if entity != "" {
		text, err := conn.Prepare(ctx, entity, action, nil)
		switch {
		case err == nil:
			return prepared(conn, text)
		case !refused(err):
			return nil, err
		}
	}
	if whyNot != nil {
		return nil, fmt.Errorf("the service keeps the document of the connector back, and the connector does not describe itself; generate from a file: %w", whyNot)
	}
	return fromDescription(conn, described)
}

// refused reports whether the service keeps the document back.
func refused(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// readable returns the first entity and action of a description that can be read.
func readable(d *client.Description) (entity, action string) {
	if d == nil {
		return "", ""
	}
	for _, e := range d.Entities {
		for _, a := range e.Actions {
			if client.IsRead(a.Name) && !ofService[a.Name] {
				return e.Name, a.Name
			}
		}
	}
	return "", ""
}

// searchable returns the first entity that the connector can copy to the context store,
// or "".
func searchable(ctx context.Context, conn *client.Connector) (string, error) {
	i, err := conn.Inspect(ctx)
	switch {
	case refused(err):
		return "", nil
	case err != nil:
		return "", err
	}
	for _, e := range i.Supported {
		if e.Entity != "" {
			return e.Entity, nil
		}
	}
	return "", nil
}

// prepared makes the package of a document that the service gave.
func prepared(conn *client.Connector, text []byte) (*model.Package, error) {
	d, err := document.Load(text)
	if err != nil {
		return nil, fmt.Errorf("the document of the connector %q cannot be used: %w", conn.Slug(), err)
	}
	d.Slug = conn.Slug() // by which Connect finds it
	p := model.Build(d)
	if len(p.Entities) == 0 {
		return nil, fmt.Errorf("the document of the connector %q has no entities: no operation has x-airbyte-entity and x-airbyte-action", conn.Slug())
	}
	return p, nil
}

// ofService are the actions that connectors describe and that are no methods of their
// own: the service runs them, in the same way for all connectors.
var ofService = map[string]bool{"context_store_search": true, "context_store_sql_query": true, "sql_select": true, "describe": true}

// fromDescription makes the package of a connector that described itself. Its parameters
// are known, its records are not.
func fromDescription(conn *client.Connector, described *client.Description) (*model.Package, error) {
	type object = map[string]any
	paths := object{}
	open := map[[2]string]bool{} // the actions whose parameters are not known
	copied := map[string]bool{}
	for i, e := range described.Entities {
		for j, a := range e.Actions {
			if ofService[a.Name] {
				copied[e.Name] = copied[e.Name] || a.Name == "context_store_search"
				continue
			}
			open[[2]string{strings.TrimSpace(e.Name), strings.TrimSpace(a.Name)}] = a.Params == nil
			params := []any{}
			for _, p := range a.Params {
				params = append(params, object{"name": p.Name, "in": p.In, "required": p.Required, "description": p.Description, "schema": schemaOf(p)})
			}
			paths[fmt.Sprintf("/%06d/%06d", i, j)] = object{"post": object{"x-airbyte-entity": e.Name, "x-airbyte-action": a.Name, "description": a.Description, "parameters": params}}
		}
	}
	raw, err := json.Marshal(object{"openapi": "3.1.0", "info": object{}, "paths": paths})
	if err != nil {
		return nil, err
	}
	d, err := document.Load(raw)
	if err != nil {
		return nil, fmt.Errorf("the description of the connector %q cannot be used: %w", conn.Slug(), err)
	}
	d.Slug, d.Untyped = conn.Slug(), true
	d.Notes = nil // nobody wrote this document
	for i, o := range d.Operations {
		d.Operations[i].Open = open[[2]string{o.Entity, o.Action}]
	}
	for _, e := range described.Entities {
		if copied[e.Name] {
			d.Store = append(d.Store, document.StoreEntity{Entity: e.Name})
		}
	}
	p := model.Build(d)
	if len(p.Entities) == 0 {
		return nil, fmt.Errorf("the connector %q describes no entities; generate from a file", conn.Slug())
	}
	return p, nil
}

// schemaOf returns the JSON Schema of a parameter.
func schemaOf(p client.ParamDescription) any {
	var raw map[string]json.RawMessage
	if json.Unmarshal(p.Raw, &raw) == nil {
		if inner := raw["schema"]; inner != nil {
			return inner
		}
		if raw["type"] != nil || raw["properties"] != nil || raw["enum"] != nil {
			return p.Raw
		}
	}
	if p.Type == "" {
		return map[string]any{}
	}
	return map[string]any{"type": strings.Split(p.Type, "|")}
}
