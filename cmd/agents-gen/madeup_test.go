package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/emit"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/model"
)

// A dice makes up documents.
type dice struct{ *rand.Rand }

// words are names that meet each other, names of Go, and texts that are no names.
var words = []string{
	"a", "A", "_a", "a_", "a_b", "aB", "AB", "ab", "a.b", "a b", "a-b", "id", "ID", "user_id", "userId", "type", "func", "range", "string", "error", "any", "nil", "json", "client",
	"context", "iter", "time", "Connector", "Connect", "New", "Client", "Params", "Extra", "extra", "List", "list", "All", "all", "get", "search", "Search", "Get", "e", "p", "opts", "ctx",
	"windows", "linux", "x_test", "1", "+1", "-1", "16x16", "", "-", ",", "odd,\"name", "`", "\\", "'", "../x", "a\nb", "//go:build x", "*/", "\u202e", "\u2028", "名前", "é", "ß", "ǆ", "\u3164", "İ",
	"tickets", "ticket", "tickets_list", "TicketsListParams", "state", "State", "StateA", "a_list", "AListParams", "AList", "AFieldA", "AStoreRecord", "Value", "AValue", "limit", "cursor", "page", "offset",
	"MarshalJSON", "String", "conn", "q", "AInput", "AInputB", "aggregate", "Unwrap", "init", "main", "true", "iota", "2", "A2", "a2", "a_2",
}

func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

func (d dice) word() string { return words[d.IntN(len(words))] }

func (d dice) schema(depth int) any {
	s := map[string]any{}
	if d.IntN(5) == 0 {
		s["description"] = d.word() + " " + d.word()
	}
	if d.IntN(5) == 0 {
		s["nullable"] = true
	}
	if d.IntN(8) == 0 {
		s["default"] = pick[any](d, d.word(), 1, true, nil, []any{})
	}
	if d.IntN(20) == 0 {
		s["readOnly"] = true
	}
	n := 12
	if depth > 4 {
		n = 6
	}
	switch d.IntN(n) {
	case 0:
		return map[string]any{"$ref": "#/components/schemas/" + pick(d, "a", "A", "aB", "ticket", "Connector", "AListParams", "x/properties/a", "none")}
	case 1:
		s["type"] = pick[any](d, "string", "integer", "number", "boolean", []any{"string", "null"}, []any{"integer", "null"}, []any{"boolean", "null"}, []any{"string", "integer"}, "null", "file")
	case 2:
		s["type"], s["format"] = pick[any](d, "string", []any{"null", "string"}), pick(d, "date-time", "date", "uri", "binary")
	case 3:
		s["type"] = pick[any](d, "string", []any{"string", "null"})
		var values []any
		for range 1 + d.IntN(6) {
			values = append(values, pick[any](d, d.word(), d.word(), d.word(), nil, 1))
		}
		s["enum"] = values
	case 4:
		s["type"] = pick[any](d, "object", "array")
	case 5:
		return pick[any](d, true, nil, map[string]any{}, 7)
	case 6:
		s["type"], s["items"] = pick[any](d, "array", []any{"array", "null"}), d.schema(depth+1)
	case 7:
		s[pick(d, "oneOf", "anyOf", "allOf")] = []any{d.schema(depth + 1), pick(d, d.schema(depth+1), any(map[string]any{"type": "null"}))}
	case 8:
		s["additionalProperties"] = pick(d, any(true), d.schema(depth+1))
		fallthrough
	default:
		properties := map[string]any{}
		for range d.IntN(6) {
			properties[d.word()] = d.schema(depth + 1)
		}
		s["properties"], s["required"] = properties, []any{d.word(), d.word()}
		s["type"] = pick[any](d, "object", []any{"object", "null"})
	}
	return s
}

func (d dice) operation() any {
	o := map[string]any{
		"x-airbyte-entity": pick(d, d.word(), "a", "aB", "tickets", "client"),
		"x-airbyte-action": pick(d, "list", "get", "create", "update", "delete", "api_search", "download", "search", "all", d.word()),
		"summary":          d.word() + d.word(),
	}
	var params []any
	for range d.IntN(6) {
		params = append(params, map[string]any{"name": d.word(), "in": pick(d, "query", "path", "header"), "required": pick[any](d, true, false, "yes"), "schema": d.schema(2), "description": d.word()})
	}
	o["parameters"] = params
	if d.IntN(2) == 0 {
		o["requestBody"] = map[string]any{"content": map[string]any{pick(d, "application/json", "x/y", "multipart/form-data"): map[string]any{"schema": d.schema(1)}}}
	}
	if d.IntN(4) > 0 {
		o["responses"] = map[string]any{pick(d, "200", "201", "default", "404"): map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": d.schema(1)}}}}
	}
	if d.IntN(3) == 0 {
		o["x-airbyte-record-extractor"] = pick(d, "$", "$.a", "$.a[*]", "$.a.b", "$..a", "$['a'][0]", "$.a[*].b", d.word())
	}
	if d.IntN(3) == 0 {
		o["x-airbyte-meta-extractor"] = map[string]any{pick(d, "has_more", "next_cursor", "next_link", d.word()): "$.x"}
	}
	return o
}

func (d dice) document() []byte {
	paths, schemas := map[string]any{}, map[string]any{}
	for i := range 1 + d.IntN(6) {
		item := map[string]any{}
		for _, method := range []string{"get", "post", "put"} {
			if d.IntN(2) == 0 {
				item[method] = d.operation()
			}
		}
		paths[fmt.Sprint("/", i)] = item
	}
	for range d.IntN(8) {
		schemas[d.word()] = d.schema(0)
	}
	var store []any
	for range d.IntN(3) {
		var fields []any
		for range d.IntN(5) {
			f, ok := d.schema(3).(map[string]any)
			if ok {
				f["name"] = d.word()
				fields = append(fields, f)
			}
		}
		store = append(store, map[string]any{"entity": pick(d, "a", "tickets", d.word()), "fields": fields})
	}
	raw, err := json.Marshal(map[string]any{
		"openapi": "3.1.0", "paths": paths, "components": map[string]any{"schemas": schemas},
		"info": map[string]any{"title": d.word(), "version": d.word(), "x-airbyte-connector-name": pick(d, "x", d.word()), "x-airbyte-context-store": map[string]any{"entities": store}},
	})
	if err != nil {
		panic(err)
	}
	return raw
}

// generates checks what is made of a document.
func generates(t testing.TB, data []byte) {
	t.Helper()
	d, err := document.Load(data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	p := model.Build(d)
	all, err := emit.Files(p, "x", nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	compile(t, all)
	again, _ := made(t, data)
	if source(all) != source(again) {
		t.Errorf("the files differ from time to time\n%s", data)
	}
	served(t, p)
	if len(p.Entities) > 0 {
		one := p.Entities[0].Wire
		part, _ := made(t, data, one)
		compile(t, part)
		if i := slices.IndexFunc(all, func(f emit.File) bool { return f.Name == part[1].Name }); i < 0 || string(all[i].Data) != string(part[1].Data) {
			t.Errorf("the entity %q alone differs\n%s", one, data)
		}
	}
	if t.Failed() {
		t.Fatalf("the document is\n%s", data)
	}
}

func TestMadeUpDocuments(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 50
	}
	for seed := range n {
		generates(t, dice{rand.New(rand.NewPCG(uint64(seed), 0))}.document())
	}
}

func FuzzMadeUpDocument(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		generates(t, dice{rand.New(rand.NewPCG(a, b))}.document())
	})
}
