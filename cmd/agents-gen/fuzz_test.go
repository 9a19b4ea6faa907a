package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/emit"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/model"
)

// odd are documents whose names and texts are meant to become something else than
// names and texts, or to meet each other.
var odd = []string{
	"openapi: 3.1.0\ninfo: {title: \"a\\nimport \\\"os\\\"\\n//go:build x\", version: \"1\\n)\", x-airbyte-connector-name: \"x\\\"+y\"}\npaths: {/x: {get: {x-airbyte-entity: \"../../a\\n\\u202e\", x-airbyte-action: list, summary: \"*/ }\\n+build x\", description: \"\\u2028 # heading\\n- list\\n\\n    code\\n[a]: b\"}}}\n",
	"openapi: 3.1.0\ninfo: {x-airbyte-connector-name: x}\npaths: {/x: {get: {x-airbyte-entity: a, x-airbyte-action: b_c}, put: {x-airbyte-entity: a_b, x-airbyte-action: c}, post: {x-airbyte-entity: A, x-airbyte-action: list}, patch: {x-airbyte-entity: aB, x-airbyte-action: c}, delete: {x-airbyte-entity: Connect, x-airbyte-action: List}}}\n",
	"openapi: 3.1.0\ninfo: {x-airbyte-connector-name: x}\npaths: {/x: {get: {x-airbyte-entity: x, x-airbyte-action: list, parameters: [{name: extra, in: query}, {name: Extra, in: query, schema: {type: boolean}}, {name: \"a,b\", in: query}, {name: '-', in: query, schema: {type: string}}, {name: '`', in: query}, {name: '', in: query}, {name: \"é\\u200b\", in: query}]}}}\n",
	"openapi: 3.1.0\ninfo: {x-airbyte-connector-name: x}\npaths: {/x: {post: {x-airbyte-entity: x, x-airbyte-action: create, requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}, responses: {default: {content: {'*/*': {schema: {$ref: '#/components/schemas/A'}}}}}}}}\ncomponents: {schemas: {A: {properties: {a: {$ref: '#/components/schemas/B'}, B: {type: [object, 'null'], properties: {a: {}}, additionalProperties: true}}}, B: {required: [a], properties: {a: {$ref: '#/components/schemas/A'}, c: {type: string, enum: [a, A, _a, '', ' ', '+', 1, 'a b']}}}, AB: {properties: {}}, A_B: {type: string, enum: [x]}, New: {properties: {New: {}}}, XCreateParams: {properties: {x: {}}}, X: {properties: {x: {}}}}}\n",
	"openapi: 3.1.0\ninfo: {x-airbyte-connector-name: x, x-airbyte-context-store: {entities: [{entity: x, fields: [{name: a b, type: [string]}, {name: a_b}, {name: '', type: x}]}, {entity: x}]}}\npaths: {/x: {get: {x-airbyte-entity: x, x-airbyte-action: search}, put: {x-airbyte-entity: x, x-airbyte-action: api_search}, post: {x-airbyte-entity: x, x-airbyte-action: API_Search}, delete: {x-airbyte-entity: x, x-airbyte-action: all}}, /y: {get: {x-airbyte-entity: x, x-airbyte-action: list, x-airbyte-record-extractor: \"$.a['b'][*].c[0]\", responses: {200: {content: {application/json: {schema: {properties: {a: {properties: {b: {items: {properties: {c: {items: {allOf: [{type: string, format: date-time}, {}]}}}}}}}}}}}}}}}}\n",
}

func FuzzDocument(f *testing.F) {
	acme, err := os.ReadFile(acme)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(acme)
	for _, text := range odd {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := document.Load(data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		p := model.Build(d)
		if _, err := packageName(p.Slug); err == nil && p.Slug == "" {
			t.Error("no slug makes a name")
		}
		files, err := emit.Files(p, "x", nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		emit.Report(p, nil)
		served(t, p)
		compile(t, files)
		again, _ := made(t, data)
		if source(files) != source(again) {
			t.Error("the files differ from time to time")
		}
	})
}

// Nothing is written but files of the package, in the folder, whatever the document.
func TestNothingOutsideTheFolder(t *testing.T) {
	acme, err := os.ReadFile(acme)
	if err != nil {
		t.Fatal(err)
	}
	documents := append([]string{string(acme)}, odd...)
	for _, name := range []string{"../../x", "/etc/x", `..\x`, "x_test", "windows", "linux_amd64", "x_windows_test", "_x", ".x", "\x00", "a/b", strings.Repeat("x", 5000), "名前", "CON", "Tickets"} {
		documents = append(documents, strings.ReplaceAll(string(acme), "x-airbyte-entity: tickets", "x-airbyte-entity: "+`"`+strings.NewReplacer(`\`, `\\`, "\x00", `\0`).Replace(name)+`"`))
	}
	for _, text := range documents {
		root := t.TempDir()
		out := filepath.Join(root, "a", "out")
		status, _, stderr := agentsGen("-package", "p", "-o", out, write(t, filepath.Join(root, "document.yaml"), text))
		if status != 0 {
			t.Errorf("%s\n%.500s", stderr, text)
			continue
		}
		for dir, want := range map[string]int{root: 2, filepath.Dir(out): 1} {
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
				t.Errorf("%s has %v, %v", dir, entries, err)
			}
		}
		var made []emit.File
		for name, data := range files(t, out) {
			made = append(made, emit.File{Name: name, Data: []byte(data)})
		}
		compile(t, made)
		if list := goList(t, out); strings.Contains(list, "gen.go") {
			t.Errorf("Go leaves out %s", list)
		}
	}
}

// goList returns the files of a package that Go leaves out on some system.
func goList(t *testing.T, dir string) string {
	t.Helper()
	var left bytes.Buffer
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !model.Everywhere(e.Name()) {
			left.WriteString(e.Name() + " ")
		}
	}
	return left.String()
}
