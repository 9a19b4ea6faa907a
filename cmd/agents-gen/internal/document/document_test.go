package document

import (
	"fmt"
	"strings"
	"testing"
)

const head = "openapi: 3.1.0\ninfo: {title: T, version: 1.0, x-airbyte-connector-name: t}\n"

func TestLoad(t *testing.T) {
	d, err := Load([]byte(head + `
servers: [{url: "https://{{x}}.example"}, 7, null]
security: nonsense
x-base: &base {type: object, properties: {b: {type: string}, a: {type: string, required: true}}}
paths:
  /things/{id}:
    parameters: [{$ref: "#/components/parameters/id"}, {name: q, in: query, schema: {type: string, default: on}}]
    get:
      x-airbyte-entity: things
      x-airbyte-action: get
      parameters: [{name: q, in: query, required: true, schema: {type: string}}]
      responses:
        404: {description: no}
        201: {$ref: "#/components/responses/Created"}
        default: {description: no}
    post: 7
  7: null
  /other: {get: {summary: no entity}}
components:
  parameters: {id: {name: id, in: path, required: true, schema: {type: integer}}}
  responses: {Created: {content: {text/plain: {schema: {type: string}}, application/problem+json: {schema: {$ref: "#/components/schemas/Thing"}}}}}
  schemas:
    Thing:
      <<: *base
      enum: [on, 1, null, {a: 1}]
      x: {{ template }}
    Empty: null
`))
	if err != nil {
		t.Fatal(err)
	}
	if d.Slug != "t" || d.Title != "T" || d.Version != "1.0" {
		t.Errorf("the document is %q %q %q", d.Slug, d.Title, d.Version)
	}
	if len(d.Operations) != 1 || len(d.Notes) != 1 || d.LeftOut != 1 || !strings.Contains(d.Notes[0].Text, "/other") {
		t.Fatalf("operations %v, notes %+v", d.Operations, d.Notes)
	}
	var params []string
	for _, p := range d.Operations[0].Params {
		params = append(params, fmt.Sprint(p.Name, p.In, p.Required))
	}
	if got := fmt.Sprint(params); got != "[qquerytrue idpathtrue]" {
		t.Errorf("the parameters are %s", got)
	}
	thing := d.Operations[0].Response.View()
	if len(thing.Properties) != 2 || thing.Properties[0].Name != "b" || !thing.Properties[1].Required || !thing.Nullable {
		t.Errorf("the response is %+v", thing)
	}
	if thing.Of.Name != "Thing" || !thing.EnumOther || fmt.Sprint(thing.Enum) != "[on]" {
		t.Errorf("the response is %+v", thing)
	}
}

func TestLoadJSON(t *testing.T) {
	d, err := Load([]byte("\ufeff{\"openapi\": \"3.1.0\",\n\t\"info\": {\"title\": \"a\\/b\", \"version\": 2, \"x-airbyte-connector-name\": \"t\"},\"paths\": {}, \"components\": {\"schemas\": {\"S\": {\"properties\": {\"z\": {}, \"a\": {}, \"z\": {\"type\": \"string\"}}}}}}"))
	if err != nil {
		t.Fatal(err)
	}
	properties := d.Schemas[0].Properties
	if d.Title != "a/b" || d.Version != "2" || len(properties) != 2 || properties[0].Name != "z" || properties[0].Schema.Types[0] != "string" {
		t.Errorf("the document is %+v", d)
	}
}

func TestLimits(t *testing.T) {
	bomb := head + "x: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 8 {
		bomb += fmt.Sprintf("x%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	tests := []struct{ name, document, want string }{
		{"empty", "", "empty"},
		{"a text", "hello", "no OpenAPI document"},
		{"a list", "[1]", "no OpenAPI document"},
		{"not YAML", "a: [", "not YAML"},
		{"not UTF-8", "a: \xff", "UTF-8"},
		{"too large", head + strings.Repeat("# comment\n", MaxSize/10), "bytes"},
		{"aliases of aliases", bomb, "aliases"},
		{"many aliases", head + "a: &a 1\nb: [" + strings.Repeat("*a, ", maxAliases+1) + "]", "aliases"},
		{"an alias in itself", head + "a: &a [*a]", "nested"},
		{"deep YAML", head + "a: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "nested"},
		{"deep JSON", `{"openapi": ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, "nested"},
		{"very deep", head + "a: " + strings.Repeat("[", 100_000), "YAML"},
	}
	for _, test := range tests {
		_, err := Load([]byte(test.document))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v, want one about %s", test.name, err, test.want)
		}
	}
}

// Notes are few enough and short enough, whatever the document.
func TestNotesHaveLimits(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	var params, required strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&params, `, {"in": "path", "name": "p%d"}`, i)
		fmt.Fprintf(&required, `, "q%d"`, i)
	}
	for name, text := range map[string]string{
		"parameters": `"paths": {"/` + long + strings.Repeat("{a}{b}", 1000) + `": {"get": {"x-airbyte-entity": "a", "x-airbyte-action": "list", "parameters": [{}` + params.String() + `]}}}`,
		"required":   `"paths": {}, "components": {"schemas": {"` + long + `": {"properties": {"a": {}}, "required": ["a"` + required.String() + `]}}}`,
		"names":      `"paths": {}, "components": {"schemas": {"a": {"properties": {"` + long + `": {"type": "` + long + `", "format": "` + long + `"}}}}}`,
		"twice":      `"paths": {}` + strings.Repeat(",\n\""+long+`": 1`, 150),
	} {
		d, err := Load([]byte(`{"openapi": "3.1.0", ` + text + "}"))
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Notes) == 0 || len(d.Notes) > maxNotes {
			t.Errorf("%s: there are %d notes", name, len(d.Notes))
		}
		for _, note := range d.Notes {
			if len(note.Text) > 6*longest || strings.Contains(note.Text, "in lin…") {
				t.Fatalf("%s: a note has %d bytes: %s", name, len(note.Text), note.Text)
			}
		}
	}
}
