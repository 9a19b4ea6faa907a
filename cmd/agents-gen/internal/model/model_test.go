package model

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
)

func acme(t *testing.T) *Package {
	t.Helper()
	raw, err := os.ReadFile("../../../../examples/typed/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := document.Load(raw)
	if err != nil {
		t.Fatal(err)
	}
	return Build(d)
}

// lines describes a package, one declaration or method a line.
func lines(p *Package) []string {
	var all []string
	seen := map[*Decl]bool{}
	var decl func(d *Decl)
	visit := func(t *Type) {
		t.Each(func(t *Type) {
			if t.Decl != nil {
				decl(t.Decl)
			}
		})
	}
	decl = func(d *Decl) {
		if seen[d] {
			return
		}
		seen[d] = true
		for _, c := range d.Enum {
			all = append(all, fmt.Sprintf("%s.%s = %q", d.Name.Got, c.Name.Got, c.Wire))
		}
		for _, f := range d.Fields {
			opt := ""
			if f.Optional {
				opt = "?"
			}
			all = append(all, fmt.Sprintf("%s.%s %s %q%s", d.Name.Got, f.Name.Got, f.Type, f.Wire, opt))
			visit(f.Type)
		}
		for _, f := range d.Left {
			all = append(all, fmt.Sprintf("%s leaves out %q", d.Name.Got, f.Wire))
		}
		if d.Extra != nil {
			all = append(all, fmt.Sprintf("%s.%s map[string]%s", d.Name.Got, d.ExtraName(), d.Extra))
		}
	}
	for _, e := range p.Entities {
		all = append(all, fmt.Sprintf("entity %s: field %s, type %s, file %s", e.Wire, e.Field.Got, e.Type.Got, e.File.Got))
		for _, a := range e.Actions {
			line := fmt.Sprintf("%s.%s", e.Wire, a.Method.Got)
			if a.Params != nil {
				line += "(" + a.Params.Name.Got + ")"
				decl(a.Params)
			}
			line += fmt.Sprintf(" form %d", a.Result.Form)
			if a.Result.Type != nil {
				line += " " + a.Result.Type.String()
				visit(a.Result.Type)
			}
			all = append(all, line)
			for _, r := range a.Paging {
				var words []string
				for _, q := range r.Params {
					w := q.Name + "=" + q.Role
					if q.Known {
						w += fmt.Sprintf("=%d", q.Default)
					}
					if q.Fed {
						w += " fed"
					}
					words = append(words, w)
				}
				all = append(all, fmt.Sprintf("%s.%s pages %v: %s", e.Wire, a.Method.Got, r.When, strings.Join(words, ", ")))
			}
		}
		if e.Store != nil {
			decl(e.Store.Record)
			for _, f := range e.Store.Fields {
				all = append(all, fmt.Sprintf("%s = %q", f.Const.Got, f.Wire))
			}
		}
	}
	return all
}

// TestBuild compares what is made of acme.yaml with testdata/acme.txt; UPDATE=1 writes
// that file.
func TestBuild(t *testing.T) {
	p := acme(t)
	all := lines(p)
	for _, note := range p.Notes {
		all = append(all, note.Text)
	}
	got := strings.Join(all, "\n") + "\n"
	const golden = "testdata/acme.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func load(t *testing.T, yaml string) *Package {
	t.Helper()
	d, err := document.Load([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return Build(d)
}

func TestShapes(t *testing.T) {
	const head = "openapi: 3.1.0\ninfo: {title: T, x-airbyte-connector-name: t}\npaths:\n"
	list := func(schema string) string {
		return head + "  /x: {get: {x-airbyte-entity: x, x-airbyte-action: list, responses: {'200': {content: {application/json: {schema: {type: array, items: " + schema + "}}}}}}}\n"
	}
	tests := []struct{ name, document, want string }{
		{"no type, properties", list("{properties: {a: {type: string}}}"), `XListRecord.A string "a"`},
		{"nullable, old form", list("{properties: {a: {type: integer, nullable: true}}}"), `XListRecord.A *int64 "a"`},
		{"two types", list("{properties: {a: {type: [string, number]}}}"), `XListRecord.A json.RawMessage "a"`},
		{"integer and number", list("{properties: {a: {type: [integer, number]}}}"), `XListRecord.A float64 "a"`},
		{"choices of one type", list("{properties: {a: {oneOf: [{type: string, format: email}, {type: string, format: uri}]}}}"), `XListRecord.A string "a"`},
		{"constraints only", list("{type: object, properties: {a: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}"), `XListRecord.A string "a"`},
		{"unknown type", list("{properties: {a: {type: file}}}"), `XListRecord.A json.RawMessage "a"`},
		{"true", list("{properties: {a: true}}"), `XListRecord.A json.RawMessage "a"`},
		{"no reference out", list("{properties: {a: {$ref: 'other.yaml#/a'}}}"), `XListRecord.A json.RawMessage "a"`},
		{"reference to nothing", list("{properties: {a: {$ref: '#/components/schemas/None'}}}"), `XListRecord.A json.RawMessage "a"`},
		{"name with a slash", list("{properties: {a: {$ref: '#/components/schemas/a~1b%20c'}}}") + "components: {schemas: {a/b c: {properties: {z: {type: boolean}}}}}", `XListRecord.A ABC "a"`},
		{"reference into a schema", list("{properties: {a: {$ref: '#/components/schemas/S/properties/in'}}}") + "components: {schemas: {S: {properties: {in: {properties: {z: {type: boolean}}}}}}}", `XListRecord.A SIn "a"`},
		{"contains itself", list("{$ref: '#/components/schemas/S'}") + "components: {schemas: {S: {properties: {s: {$ref: '#/components/schemas/S'}}}}}", `S.S *S "s"`},
		{"only refers to itself", list("{$ref: '#/components/schemas/S'}") + "components: {schemas: {S: {$ref: '#/components/schemas/S'}}}", `x.List form 1 json.RawMessage`},
		{"parts that refer to each other", list("{$ref: '#/components/schemas/S'}") + "components: {schemas: {S: {allOf: [{$ref: '#/components/schemas/T'}]}, T: {allOf: [{$ref: '#/components/schemas/S'}]}}}", `x.List form 1 json.RawMessage`},
		{"an array that contains itself", list("{$ref: '#/components/schemas/S'}") + "components: {schemas: {S: {type: array, items: {$ref: '#/components/schemas/S'}}}}", `x.List form 1 []json.RawMessage`},
		{"a map that contains itself", list("{properties: {a: {$ref: '#/components/schemas/S'}}}") + "components: {schemas: {S: {additionalProperties: {$ref: '#/components/schemas/S'}}}}", `XListRecord.A map[string]json.RawMessage "a"`},
		{"an array that contains itself in an object", list("{$ref: '#/components/schemas/S'}") + "components: {schemas: {S: {type: array, items: {properties: {s: {$ref: '#/components/schemas/S'}}}}}}", `S.S []S "s"`},
		{"what parts require", head + "  /x: {post: {x-airbyte-entity: x, x-airbyte-action: create, requestBody: {content: {application/json: {schema: {allOf: [{properties: {a: {type: string}}}, {required: [a]}]}}}}}}", `XCreateParams.A string "a"`},
		{"one of two bodies", head + "  /x: {post: {x-airbyte-entity: x, x-airbyte-action: create, requestBody: {content: {application/json: {schema: {oneOf: [{required: [a, b], properties: {a: {type: string}, b: {type: string}}}, {required: [a], properties: {a: {type: string}}}]}}}}}}", `XCreateParams.B *string "b"?`},
		{"required and nullable", head + "  /x: {post: {x-airbyte-entity: x, x-airbyte-action: create, requestBody: {content: {application/json: {schema: {required: [a], properties: {a: {type: [string, 'null']}}}}}}}}", `XCreateParams.A client.Nullable[string] "a"`},
		{"a struct that may be null and contains itself", head + "  /x: {post: {x-airbyte-entity: x, x-airbyte-action: create, requestBody: {content: {application/json: {schema: {properties: {a: {$ref: '#/components/schemas/S'}}}}}}}}\ncomponents: {schemas: {S: {properties: {s: {oneOf: [{$ref: '#/components/schemas/S'}, {type: 'null'}]}}}}}", `SInput.S client.Nullable[*SInput] "s"?`},
		{"an action that the standard ones do not meet", head + "  /x: {post: {x-airbyte-entity: x, x-airbyte-action: all}, get: {x-airbyte-entity: x, x-airbyte-action: list}}", `x.AllAction form 2`},
		{"an entity that is a method", head + "  /x: {get: {x-airbyte-entity: client, x-airbyte-action: list}}", `entity client: field ClientEntity, type Client, file client`},
		{"an entity that is an operating system", head + "  /x: {get: {x-airbyte-entity: windows, x-airbyte-action: list}}", `entity windows: field Windows, type Windows, file windows_entity`},
		{"an entity that is a test", head + "  /x: {get: {x-airbyte-entity: x_test, x-airbyte-action: list}}", `entity x_test: field XTest, type XTest, file x_test_entity`},
		{"an entity that is a path", head + "  /x: {get: {x-airbyte-entity: ../../x, x-airbyte-action: list}}", `entity ../../x: field X, type X, file ______x`},
		{"page numbers", head + "  /x: {get: {x-airbyte-entity: x, x-airbyte-action: list, parameters: [{name: 'page[number]', in: query, schema: {type: integer, minimum: 0}}, {name: 'page[size]', in: query, schema: {type: integer}}]}}", "x.List pages []: page[number]=count0, page[size]=size"},
		{"the last ID", head + "  /x: {get: {x-airbyte-entity: x, x-airbyte-action: list, x-airbyte-meta-extractor: {has_more: $.has_more}, parameters: [{name: starting_after, in: query, schema: {type: string}}]}}", "x.List pages []: starting_after=last-id"},
		{"a date is no cursor", head + "  /x: {get: {x-airbyte-entity: x, x-airbyte-action: list, x-airbyte-meta-extractor: {next_cursor: $.n}, parameters: [{name: after, in: query, schema: {type: string, format: date-time}}, {name: cursor, in: query, schema: {type: string}}]}}", "x.List pages []: cursor=cursor fed"},
		{"an offset that is text", head + "  /x: {get: {x-airbyte-entity: x, x-airbyte-action: list, x-airbyte-meta-extractor: {offset: $.offset}, parameters: [{name: offset, in: query, schema: {type: string}}]}}", "x.List pages []: offset=cursor fed"},
	}
	for _, test := range tests {
		if got := strings.Join(lines(load(t, test.document)), "\n"); !strings.Contains("\n"+got+"\n", "\n"+test.want+"\n") {
			t.Errorf("%s: there is no\n%s\nin\n%s", test.name, test.want, got)
		}
	}
}

// TestNamesAreStable adds a property, and reorders the document: no other type changes.
func TestNamesAreStable(t *testing.T) {
	raw, err := os.ReadFile("../../../../examples/typed/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before := lines(acme(t))
	after := lines(load(t, strings.Replace(string(raw), "        user_id: {type: integer}\n", "        user_id: {type: integer}\n        user: {type: object, properties: {kind: {type: string, enum: [a, b]}, custom: {type: object, properties: {x: {type: string}}}}}\n", 1)))
	var lost []string
	for _, line := range before {
		if !strings.Contains("\n"+strings.Join(after, "\n")+"\n", "\n"+line+"\n") {
			lost = append(lost, line)
		}
	}
	if len(lost) > 0 || len(after) <= len(before) {
		t.Errorf("a property that was added changed\n%s", strings.Join(lost, "\n"))
	}
}

// Both versions of encoding/json read a member whose name a struct tag is said to hold.
func TestTaggable(t *testing.T) {
	names := []string{"-", " ", "a b", "é", "名前", "16x16", "+1", "filter[type]", "a.b", "string", "embed", "omitzero", ":", "a:b", "''", `"`, "a,b", `\`, "`", "", "\u200b", "\x00", "\n"}
	for r := rune(0x20); r < 0x7f; r++ {
		names = append(names, string(r), "a"+string(r)+"b")
	}
	held := 0
	for _, name := range names {
		if !taggable(name) {
			continue
		}
		held++
		tag := `json:` + strconv.Quote(name)
		of := reflect.StructOf([]reflect.StructField{{Name: "F", Type: reflect.TypeFor[int](), Tag: reflect.StructTag(tag)}})
		raw, err := json.Marshal(map[string]int{name: 7})
		if err != nil {
			t.Fatal(err)
		}
		for version, decode := range map[string]func([]byte, any) error{"v1": json.Unmarshal, "v2": func(b []byte, v any) error { return jsonv2.Unmarshal(b, v) }} {
			v := reflect.New(of)
			if err := decode(raw, v.Interface()); err != nil || v.Elem().Field(0).Int() != 7 {
				t.Errorf("%s, %q: %v, %v", version, name, v.Elem(), err)
			}
		}
	}
	if held < 100 {
		t.Errorf("only %d of %d names are held", held, len(names))
	}
}
