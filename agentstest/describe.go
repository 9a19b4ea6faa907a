package agentstest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// sampled is how many records of an entity its schema is derived from.
const sampled = 100

// A parameter is one that an action takes. Descriptions and documentation are
// both made from it, so that they agree.
type parameter struct {
	name     string
	schema   map[string]any
	required bool
	in       string // "" if it is not declared
}

// describe returns what the connector, or one of its entities, can do: a list of
// entities, each with its actions and their parameters.
func (x *execution) describe() (*envelope, error) {
	list := []any{}
	for _, e := range x.conn.sortedEntities() {
		if x.entity != nil && x.entity != e {
			continue
		}
		fields := e.fields()
		parameters := map[string]any{}
		for _, action := range e.actions {
			if params, known := e.parameters(action, fields); known {
				parameters[action] = e.describedParameters(action, params)
			}
		}
		list = append(list, map[string]any{
			"entity_name": e.name, "description": e.about(x.conn.template.kind.name),
			"available_actions": append([]string{}, e.actions...), "parameters": parameters,
		})
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: raw}), nil
}

// describedParameters returns the parameters of an action as a description has them.
func (e *entity) describedParameters(action string, params []parameter) []any {
	list := []any{}
	for _, p := range params {
		item := map[string]any{"name": p.name, "in": cmp.Or(p.in, e.placeOf(action, p.name)), "required": p.required, "type": "string", "description": ""}
		for _, name := range []string{"type", "description", "enum", "items", "format", "properties"} {
			if v, ok := p.schema[name]; ok {
				item[name] = v
			}
		}
		list = append(list, item)
	}
	return list
}

// placeOf returns where a parameter of an action stands in a request to the vendor.
func (e *entity) placeOf(action, name string) string {
	switch {
	case name == e.Key && (action == "get" || action == "update" || action == "delete" || action == "download"):
		return "path"
	case action == "list" || action == "search" || action == "api_search":
		return "query"
	}
	return "body"
}

// parameters returns the parameters of an action, given the fields of the
// entity's records. It reports false for an action that it does not know.
func (e *entity) parameters(action string, fields map[string]map[string]any) ([]parameter, bool) {
	if a := e.described.action(action); a != nil {
		return e.declaredParameters(a), true
	}
	optional := func(name, typ, description string) parameter {
		return parameter{name: name, schema: map[string]any{"type": typ, "description": description}}
	}
	key := parameter{name: e.Key, required: true, schema: map[string]any{"type": []string{"string", "integer"}}}
	if field := fields[e.Key]; field != nil {
		key.schema = maps.Clone(field)
	}
	switch action {
	case "list", "search", "api_search":
		var params []parameter
		if action != "list" {
			params = append(params, optional("query", "string", "words that the records must have"))
		}
		if e.Paging == PagingDocumented {
			return append(params, e.documentedParameters(action)...), true
		}
		if e.takesSOQL(action) {
			params = append(params, optional(soqlParam, "string", "a query in SOQL; all records by default"))
		}
		if e.Paging != PagingNone {
			size := optional("per_page", "integer", "records on a page")
			size.schema["minimum"], size.schema["default"], size.schema["maximum"] = 1, e.PageSize, e.MaxPageSize
			params = append(params, size)
		}
		switch name := e.Paging.Param(); e.Paging {
		case PagingNone:
		case PagingOffset:
			params = append(params, optional(name, "integer", "records to skip"))
		case PagingPage, PagingPageNumber:
			params = append(params, optional(name, "integer", "the number of the page, 1 for the first"))
		case PagingStripe:
			params = append(params, optional(name, "string", "the id of the last record of the page before"))
		default:
			params = append(params, optional(name, "string", "where the page before ended, as its metadata says"))
		}
		return params, true
	case "context_store_search":
		limit := optional("limit", "integer", "hits on a page; 10 of a semantic search by default, and at most 100")
		limit.schema["minimum"], limit.schema["default"], limit.schema["maximum"] = 1, maxHits, maxHits
		names := optional("fields", "array", "the fields to return, as dotted paths; all by default")
		names.schema["items"] = map[string]any{"type": "string"}
		return []parameter{
			optional("query", "object", "a filter and a sort order; either query or semantic is required"),
			optional("semantic", "object", "a search by meaning: a prompt, and the field to search in; either query or semantic is required"),
			limit, optional("cursor", "string", "meta.cursor of the page before"), names,
		}, true
	case storeSQL:
		sql := optional("sql", "string", "one statement that reads, in the SQL of DuckDB")
		sql.required = true
		limit := optional("limit", "integer", "the most rows")
		limit.schema["minimum"], limit.schema["default"], limit.schema["maximum"] = 1, maxRows, maxRows
		return []parameter{sql, limit}, true
	case "get", "delete":
		return []parameter{key}, true
	case "create", "update":
		var params []parameter
		if action == "update" {
			params = append(params, key)
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if action == "create" || name != e.Key {
				params = append(params, parameter{name: name, schema: fields[name]})
			}
		}
		return params, true
	case "download":
		key.schema = map[string]any{"type": []string{"string", "integer"}, "description": "the id of the file"}
		if ids := slices.Sorted(maps.Keys(e.Files)); len(ids) > 0 {
			key.schema["description"] = "the id of the file, such as " + strings.Join(ids[:min(len(ids), 10)], ", ")
		}
		return []parameter{key}, true
	}
	return nil, false
}

// fields returns the JSON Schema of each field that the records have. A field
// that is always null has no type.
func (e *entity) fields() map[string]map[string]any {
	types := map[string]map[string]bool{}
	records := e.snapshot()
	for _, r := range records[:min(len(records), sampled)] {
		object, _ := r.get().(map[string]any)
		for name, v := range object {
			if types[name] == nil {
				types[name] = map[string]bool{}
			}
			types[name][typeName(v)] = true
		}
	}
	fields := make(map[string]map[string]any, len(types))
	for name, seen := range types {
		if seen["number"] {
			delete(seen, "integer") // numbers include integers
		}
		null := seen["null"]
		delete(seen, "null")
		list := slices.Sorted(maps.Keys(seen))
		switch {
		case len(list) == 0:
			fields[name] = map[string]any{}
			continue
		case null:
			list = append(list, "null")
		}
		if len(list) == 1 {
			fields[name] = map[string]any{"type": list[0]}
		} else {
			fields[name] = map[string]any{"type": list}
		}
	}
	return fields
}

// typeName returns the JSON Schema type of a value.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			return "integer"
		}
	}
	return "number"
}

// documentation describes an action on the entity.
func (e *entity) documentation(action string) []server.SkillBlock {
	blocks := []server.SkillBlock{heading(title(e.name) + ": " + action)}
	if a := e.described.action(action); a != nil && a.Description != "" {
		blocks = append(blocks, paragraph("%s", a.Description))
	}
	if size := e.PageSize; e.described == nil && e.Paging != PagingNone && (action == "list" || action == "search" || action == "api_search") {
		if e.Paging == PagingDocumented {
			_, size = e.documented(action)
		}
		blocks = append(blocks, paragraph("A page has %d records by default, and %d at most.", size, max(size, e.MaxPageSize)))
	}
	if e.wraps(action) {
		blocks = append(blocks, paragraph("The result is an object: data has the records, and meta says whether there is another page."))
	}
	params, known := e.parameters(action, e.fields())
	if !known {
		blocks = append(blocks, paragraph("Its parameters are not known."))
	}
	rows := make([][]string, len(params))
	for i, p := range params {
		required := ""
		if p.required {
			required = "yes"
		}
		description, _ := p.schema["description"].(string)
		rows[i] = []string{p.name, typeText(p.schema["type"]), required, description}
	}
	if len(rows) > 0 {
		blocks = append(blocks, table([]string{"Parameter", "Type", "Required", "Description"}, rows))
	}
	return append(blocks, codeBlock("json", e.example(action)))
}

// typeText returns the type in a JSON Schema as text.
func typeText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, " or ")
	}
	return ""
}

// example is a request that runs an action on the entity.
func (e *entity) example(action string) string {
	params := "{}"
	with := func(name string, value any) { params = "{" + quote(name) + ": " + quote(value) + "}" }
	if a := e.described.action(action); a != nil {
		return `{"entity": ` + quote(e.name) + `, "action": ` + quote(action) + `, "params": ` + e.exampleParams(a) + `}`
	}
	switch records := e.snapshot(); action {
	case "list", "search", "api_search":
		switch op, size := e.documented(action); {
		case e.Paging == PagingDocumented:
			if p, ok := op.PageSize(); ok {
				with(p.Name, min(10, size))
			}
		case e.Paging != PagingNone:
			with("per_page", min(10, e.MaxPageSize))
		}
	case "context_store_search":
		with("query", map[string]any{})
	case storeSQL:
		name := e.name
		if _, ok := parseSelect("SELECT * FROM " + name); !ok {
			name = `"` + name + `"`
		}
		with("sql", "SELECT * FROM "+name+" LIMIT 10")
	case "get", "update", "delete":
		if len(records) > 0 {
			with(e.Key, records[0].field(e.Key))
		}
	case "download":
		if ids := slices.Sorted(maps.Keys(e.Files)); len(ids) > 0 {
			with(e.Key, ids[0])
		}
	}
	return `{"entity": ` + quote(e.name) + `, "action": ` + quote(action) + `, "params": ` + params + `}`
}

// quote writes a value as JSON.
func quote(v any) string {
	raw, err := json.Marshal(v)
	if err != nil { // it was JSON before
		return "null"
	}
	return string(raw)
}
