package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// outline returns what was read of a description in short form:
// entity[action(param:type!)], with ! for required. Descriptions are in angle
// brackets.
func outline(entities []EntityDescription) string {
	var b strings.Builder
	about := func(s string) {
		if s != "" {
			b.WriteString("<" + s + ">")
		}
	}
	for i, e := range entities {
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(e.Name)
		about(e.Description)
		b.WriteString("[")
		for i, a := range e.Actions {
			if i > 0 {
				b.WriteString(" ")
			}
			b.WriteString(a.Name)
			about(a.Description)
			if a.Params == nil {
				continue
			}
			b.WriteString("(")
			for i, p := range a.Params {
				if i > 0 {
					b.WriteString(" ")
				}
				b.WriteString(p.Name)
				if p.Type != "" {
					b.WriteString(":" + p.Type)
				}
				if p.Required {
					b.WriteString("!")
				}
				about(p.Description)
			}
			b.WriteString(")")
		}
		b.WriteString("]")
	}
	return b.String()
}

// descriptions are forms that a description may have, and what is read of them.
var descriptions = []struct{ name, data, want string }{
	{"lists", `{"entities":[{"name":"issues","description":"of a repository","actions":["list","get"]},{"entity":"labels","actions":[]}]}`, `issues<of a repository>[list get] labels[]`},
	{"names only", `{"entities":["issues","labels"]}`, `issues[] labels[]`},
	{"top-level list", `[{"entity_name":"b","available_actions":["x"]},{"name":"a"}]`, `b[x] a[]`},
	{"maps keep the order", `{"entities":{"z":{"actions":{"b":{},"a":{}}},"a":{"actions":{"c":null,"b":"does b"}}}}`, `z[b a] a[c b<does b>]`},
	{"map of lists", `{"entities":{"z":["list","get"],"a":[]}}`, `z[list get] a[]`},
	{"inside", `{"schema":{"entities":["a"]},"name":"x"}`, `a[]`},
	{"inside data", `{"data":{"entities":{"a":{}}}}`, `a[]`},
	{"null beside", `{"entities":null,"result":{"entities":["a"]}}`, `a[]`},
	{"the name to call wins", `[{"name":"Issues","entity":"issues","actions":[{"name":"list_issues","action":"list"}]}]`, `issues[list]`},
	{"the key wins", `{"entities":{"issues":{"name":"Issues","actions":{"list":{"name":"List"}}}}}`, `issues[list]`},
	{"JSON Schema", `[{"name":"e","actions":[{"name":"list","description":"d","params":{"type":"object","properties":{"q":{"type":"string","description":"what"},"n":{"type":["integer","null"]},"x":{"type":["string","number"]},"any":true},"required":["n"]}}]}]`,
		`e[list<d>(q:string<what> n:integer! x:string|number any)]`},
	{"JSON Schema in other places", `[{"name":"e","actions":{"a":{"input_schema":{"properties":{"p":{}}}},"b":{"inputSchema":{"properties":{"p":{}}}},"c":{"arguments":{"properties":{"p":{}}}},"d":{"type":"object","properties":{"p":{}},"required":["p"]}}}]`,
		`e[a(p) b(p) c(p) d(p!)]`},
	{"no parameters", `[{"name":"e","actions":[{"name":"a","params":{"type":"object"}},{"name":"b","params":{}},{"name":"c","params":[]},{"name":"d"},{"name":"e","params":null},{"name":"f","params":"?"},{"name":"g","params":{"type":"object","properties":{}}}]}]`,
		`e[a() b() c() d e f g()]`},
	{"schemas by name", `[{"name":"e","actions":[{"name":"a","parameters":{"n":{"type":"integer","required":true},"s":"string","x":7,"o":{"schema":{"type":"boolean","description":"b"}}}}]}]`,
		`e[a(n:integer! s:string x o:boolean<b>)]`},
	{"names of what is required", `[{"name":"e","actions":[{"name":"a","parameters":{"n":{"type":"integer"},"s":"string","required":["s"]}}]}]`, `e[a(n:integer s:string!)]`},
	{"a parameter called properties", `[{"name":"e","actions":[{"name":"a","params":{"properties":{"type":"array","items":{"type":"string"}},"limit":{"type":"integer"}}}]}]`, `e[a(properties:array limit:integer)]`},
	{"a parameter called required", `[{"name":"e","actions":[{"name":"a","params":{"required":{"type":"boolean"}}}]}]`, `e[a(required:boolean)]`},
	{"schema with a parameter called required", `[{"name":"e","actions":[{"name":"a","params":{"properties":{"required":{"type":"boolean"}},"required":["required"]}}]}]`, `e[a(required:boolean!)]`},
	{"list of parameters", `[{"name":"e","actions":[{"name":"a","params":[{"name":"n","type":"integer","required":true,"description":"d"},"s",{"param":"p"},{"type":"string"},null,7]}]}]`,
		`e[a(n:integer!<d> s p)]`},
	{"parameters by action", `[{"entity_name":"e","available_actions":["list","get","x"],"parameters":{"list":[{"name":"n","in":"query","schema":{"type":"integer"},"required":false}],"get":{"id":{"type":"string","required":true}}}}]`,
		`e[list(n:integer) get(id:string!) x]`},
	{"as its closest relative answers", `[{"entity_name":"tickets","description":"of the desk","available_actions":["list","get","describe"],"parameters":{
		"list":[{"name":"state","in":"query","required":false,"type":["string","null"],"description":"of the tickets","enum":["open","closed"]},{"name":"ids","in":"query","required":false,"type":"array","items":{"type":"integer"}}],
		"get":[{"name":"id","in":"path","required":true,"type":"integer","description":""}]}},{"entity_name":"users","description":"","available_actions":[],"parameters":{}}]`,
		`tickets<of the desk>[list(state:string<of the tickets> ids:array) get(id:integer!) describe] users[]`},
	{"the same inside data", `{"data":[{"entity_name":"a","available_actions":["list"]}]}`, `a[list]`},
	{"parameters without actions", `[{"name":"e","parameters":{"list":[{"name":"n"}],"get":[],"x":{"type":"string"}}}]`, `e[list(n) get()]`},
	{"an action that is a list of parameters", `{"entities":{"e":{"actions":{"list":["a","b"]}}}}`, `e[list(a b)]`},
	{"escapes", `{"entities":{"i\u0073\"s\u0000":{"actions":["l\u0069st"]}}}`, "is\"s\x00[list]"},
	{"white space", " {\n \"entities\" : [ { \"name\" : \"e\" , \"actions\" : [ \"a\" , { \"name\" : \",:\" } ] } ] } ", `e[a ,:]`},
	{"twice under a name, the last counts", `{"entities":[],"entities":["a"]}`, `a[]`},
	{"nothing in the list has a name", `[1,null,true,[],{},[["a"]],{"name":7},{"actions":["x"]},""]`, ``},
	{"names that are none", `[{"name":"e","actions":[1,null,{},[],"",{"name":false}]}]`, `e[]`},
	{"nothing", ``, ``}, {"null", `null`, ``}, {"text", `"issues: list, get"`, ``}, {"a number", `7`, ``}, {"an empty object", `{}`, ``}, {"an empty list", `[]`, ``},
	{"entities of another kind", `{"entities":"issues"}`, ``},
	{"broken", `{"entities":["a"`, ``}, {"broken early", `{`, ``}, {"broken later", `{"entities":[{"name":"a"},}`, ``},
}

func TestDescribedEntities(t *testing.T) {
	for _, tc := range descriptions {
		got := describedEntities(jsontext.Value(tc.data))
		if text := outline(got); text != tc.want {
			t.Errorf("%s: %s\nis read as %s\nwant       %s", tc.name, tc.data, text, tc.want)
		}
		if (got == nil) != (tc.want == "") {
			t.Errorf("%s: nil is %v", tc.name, got == nil)
		}
	}
}

// Deep JSON is not read to its end, and needs no stack.
func TestDescribedDeep(t *testing.T) {
	for _, n := range []int{9000, 1000000} {
		deep := strings.Repeat(`[`, n) + strings.Repeat(`]`, n)
		_ = describedEntities(jsontext.Value(deep))
		_ = describedEntities(jsontext.Value(`[{"name":"e","actions":` + deep + `}]`))
		schema := strings.Repeat(`{"properties":`, n) + `{}` + strings.Repeat(`}`, n)
		_ = describedEntities(jsontext.Value(`{"entities":{"e":{"actions":{"a":` + schema + `}}}}`))
	}
}

func TestDescribedPlacesAndValues(t *testing.T) {
	list := describedEntities(jsontext.Value(`[{"entity_name":"e","available_actions":["a"],"parameters":{"a":[
		{"name":"p","in":"path","enum":["x","",1,null]},{"name":"q","schema":{"enum":["y"]}},{"name":"r","in":7,"enum":"x"},{"name":"s","in":"query","enum":[]}]}}]`))
	if len(list) != 1 || len(list[0].Actions) != 1 || len(list[0].Actions[0].Params) != 4 {
		t.Fatalf("got %+v", list)
	}
	got := ""
	for _, p := range list[0].Actions[0].Params {
		got += fmt.Sprintf("%s %q %q; ", p.Name, p.In, p.Enum)
	}
	if want := `p "path" ["x" "" "1" "null"]; q "" ["y"]; r "" []; s "query" []; `; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDescriptionRaw(t *testing.T) {
	data := jsontext.Value(`{"entities": {"e": {"x": 1, "actions": {"a": {"y": 2, "params": {"p": {"z": 3}, "q": "string"}}}}}}`)
	d := &Description{Entities: describedEntities(data)}
	e, ok := d.Entity("e")
	if !ok || string(e.Raw) != `{"x": 1, "actions": {"a": {"y": 2, "params": {"p": {"z": 3}, "q": "string"}}}}` {
		t.Fatalf("%v %+v", ok, e)
	}
	a, ok := e.Action("a")
	if !ok || string(a.Raw) != `{"y": 2, "params": {"p": {"z": 3}, "q": "string"}}` || len(a.Params) != 2 || string(a.Params[0].Raw) != `{"z": 3}` || string(a.Params[1].Raw) != `"string"` {
		t.Errorf("%v %+v", ok, a)
	}
	// Appending to a part does not change the whole.
	_ = append(a.Params[0].Raw, "XXXX"...)
	if strings.Contains(string(data), "X") {
		t.Errorf("the data became %s", data)
	}
	if _, ok := d.Entity("f"); ok {
		t.Error("found an entity that is not there")
	}
	if _, ok := e.Action("A"); ok {
		t.Error("found an action that is not there")
	}
	if _, ok := new(Description).Entity(""); ok {
		t.Error("found an entity in nothing")
	}
}

// FuzzDescription tests that reading a description never fails, whatever it
// contains, and that what is read is part of it.
func FuzzDescription(f *testing.F) {
	for _, tc := range descriptions {
		f.Add([]byte(tc.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := bytes.Clone(data)
		part := func(what string, raw []byte) {
			if len(raw) == 0 {
				t.Errorf("%s has no raw form", what)
				return
			}
			start, at := uintptr(unsafe.Pointer(&data[0])), uintptr(unsafe.Pointer(&raw[0]))
			if at < start || at+uintptr(len(raw)) > start+uintptr(len(data)) {
				t.Errorf("the raw form of %s is not in the data", what)
			}
			dec := jsontext.NewDecoder(bytes.NewReader(raw), lenient)
			if err := dec.SkipValue(); err != nil || dec.InputOffset() != int64(len(raw)) {
				t.Errorf("the raw form of %s is %q: %v", what, raw, err)
			}
		}
		d := &Description{Entities: describedEntities(data)}
		for _, e := range d.Entities {
			part("an entity", e.Raw)
			if got, ok := d.Entity(e.Name); !ok || e.Name == "" || got.Name != e.Name {
				t.Errorf("entity %q is not found", e.Name)
			}
			for _, a := range e.Actions {
				part("an action", a.Raw)
				if got, ok := e.Action(a.Name); !ok || a.Name == "" || got.Name != a.Name {
					t.Errorf("action %q is not found", a.Name)
				}
				for _, p := range a.Params {
					part("a parameter", p.Raw)
					if p.Name == "" {
						t.Error("a parameter has no name")
					}
				}
			}
		}
		if first := outline(d.Entities); first != outline(describedEntities(data)) {
			t.Error("read differently the second time")
		}
		if !bytes.Equal(data, whole) {
			t.Error("reading changed the data")
		}
		if _, err := json.Marshal(d.Entities); err != nil && json.Valid(data) {
			t.Error(err)
		}
	})
}

func BenchmarkDescribed(b *testing.B) {
	var data bytes.Buffer
	data.WriteString(`{"entities":[`)
	for i := range 50 {
		if i > 0 {
			data.WriteByte(',')
		}
		fmt.Fprintf(&data, `{"name":"entity_%d","actions":[`, i)
		for j, a := range []string{"list", "get", "create", "update", "delete"} {
			if j > 0 {
				data.WriteByte(',')
			}
			fmt.Fprintf(&data, `{"name":%q,"params":{"type":"object","properties":{"id":{"type":"string","description":"of it"},"limit":{"type":"integer"},"cursor":{"type":"string"}},"required":["id"]}}`, a)
		}
		data.WriteString(`]}`)
	}
	data.WriteString(`]}`)
	b.SetBytes(int64(data.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if len(describedEntities(data.Bytes())) != 50 {
			b.Fatal("not all were read")
		}
	}
}
