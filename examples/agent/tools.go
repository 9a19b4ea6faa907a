package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A Tool is what APIs of models call a tool or a function.
type Tool struct {
	Description string
	InputSchema string // a JSON Schema
	call        func(ctx context.Context, input request) (any, error)
}

// request is the input of all tools. Each tool uses some of its fields.
type request struct {
	Connector string         `json:"connector"`
	Section   string         `json:"section"`
	Entity    string         `json:"entity"`
	Action    string         `json:"action"`
	Fields    []string       `json:"fields"`
	Params    map[string]any `json:"params"`
	Field     string         `json:"field"`
	Prompt    string         `json:"prompt"`
}

// Call runs the tool and returns what the model reads, which may also be the
// description of an error.
func (t Tool) Call(ctx context.Context, input json.RawMessage) string {
	var req request
	dec := json.NewDecoder(strings.NewReader(string(input)))
	dec.UseNumber() // a model may have read a large ID, and needs it exactly
	var output any
	err := dec.Decode(&req)
	if err == nil {
		output, err = t.call(ctx, req)
	}
	if err != nil {
		output = failure(err)
	}
	if text, ok := output.(string); ok {
		return text
	}
	text, err := json.Marshal(output)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Tools returns the tools for a workspace, by name. It calls approve before an
// action that may change something.
func Tools(ws *client.Workspace, approve func(entity, action string) bool) map[string]Tool {
	return map[string]Tool{
		"list_connectors": {
			Description: "Lists the connectors and their entities.",
			InputSchema: `{"type":"object"}`,
			call:        func(ctx context.Context, _ request) (any, error) { return outline(ctx, ws) },
		},
		"read_docs": {
			Description: "Reads the documentation of a connector: the outline, or one section of it.",
			InputSchema: schema("connector", "section?"),
			call: func(ctx context.Context, req request) (any, error) {
				conn, err := ws.Connector(ctx, req.Connector)
				if err != nil {
					return nil, err
				}
				docs, err := conn.Docs(ctx, req.Section)
				return docs.String(), err // Markdown
			},
		},
		"run_action": {
			Description: "Runs an action of an entity. If the answer has next, these params return the next page.",
			InputSchema: schema("connector", "entity", "action", "fields?", "params?"),
			call: func(ctx context.Context, req request) (any, error) {
				if !client.IsRead(req.Action) && !approve(req.Entity, req.Action) {
					return nil, errors.New("the user does not want this")
				}
				conn, err := ws.Connector(ctx, req.Connector)
				if err != nil {
					return nil, err
				}
				return page(ctx, conn, req)
			},
		},
		"search_records": {
			Description: "Searches the records of an entity by meaning.",
			InputSchema: schema("connector", "entity", "field?", "prompt"),
			call: func(ctx context.Context, req request) (any, error) {
				conn, err := ws.Connector(ctx, req.Connector)
				if err != nil {
					return nil, err
				}
				search := client.Semantic{Prompt: req.Prompt, Field: req.Field, PageSize: 1}
				for hit, err := range client.SearchByMeaning[json.RawMessage](ctx, conn, req.Entity, search) {
					return hit.Metadata, err // the best match is enough here
				}
				return "no record matches", nil
			},
		},
	}
}

// outline lists only the entities of each connector. More would cost tokens
// that most conversations do not need, since read_docs has the details.
func outline(ctx context.Context, ws *client.Workspace) (map[string]string, error) {
	connectors, err := ws.ListConnectors(ctx)
	if err != nil {
		return nil, err
	}
	lines := map[string]string{}
	for _, c := range connectors {
		what, err := ws.ConnectorByID(c.ID).Describe(ctx)
		if refused := (*client.Error)(nil); errors.As(err, &refused) && refused.StatusCode/100 == 4 {
			lines[c.Slug] = "" // not every connector describes itself; read_docs helps
			continue
		}
		if err != nil {
			return nil, err
		}
		var entities []string
		for _, e := range what.Entities {
			entities = append(entities, e.Name)
		}
		lines[c.Slug] = strings.Join(entities, ", ")
	}
	return lines, nil
}

// maxAnswer is the number of bytes of records that the model gets at a time.
const maxAnswer = 400

// An answer is one page of records. It says how many records were left out because
// they did not fit, and which parameters return the next page.
type answer struct {
	Records []json.RawMessage `json:"records"`
	Omitted int               `json:"omitted,omitempty"`
	Next    client.Params     `json:"next,omitempty"`
}

func page(ctx context.Context, conn *client.Connector, req request) (*answer, error) {
	result, err := conn.Execute(ctx, req.Entity, req.Action, req.Params, client.WithSelectFields(req.Fields...))
	if err != nil {
		return nil, err
	}
	var a answer
	size := 0
	for record, err := range client.Rows[json.RawMessage](result) {
		if err != nil {
			return nil, err
		}
		if size += len(record); size > maxAnswer && len(a.Records) > 0 {
			a.Omitted++
			continue
		}
		a.Records = append(a.Records, record)
	}
	a.Next, err = result.NextParams(ctx)
	return &a, err
}

// failure describes an error so that the model can react to it: correct a
// field, repeat the call, or ask the user.
func failure(err error) map[string]any {
	f := map[string]any{"error": err.Error()}
	var failed *client.Error
	if errors.As(err, &failed) {
		f["error"] = cmp.Or(failed.Message, err.Error())
		f["retryable"] = failed.Retryable
		if len(failed.Fields) > 0 {
			f["problems"] = failed.Fields
		}
		if failed.OutcomeUnknown {
			f["hint"] = "it may have happened nevertheless: find out before you try again"
		}
	}
	return f
}

// schema returns the JSON Schema of an object with the given properties. A
// question mark makes a property optional.
func schema(names ...string) string {
	properties, required := map[string]any{}, []string{}
	for _, name := range names {
		plain := strings.TrimSuffix(name, "?")
		properties[plain] = map[string]string{"type": "string"}
		switch plain {
		case "params":
			properties[plain] = map[string]string{"type": "object"}
		case "fields":
			properties[plain] = map[string]any{"type": "array", "items": map[string]string{"type": "string"}}
		}
		if plain == name {
			required = append(required, name)
		}
	}
	b, err := json.Marshal(map[string]any{"type": "object", "properties": properties, "required": required})
	if err != nil {
		panic(err) // strings can always be encoded
	}
	return string(b)
}
