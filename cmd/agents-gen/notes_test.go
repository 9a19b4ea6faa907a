package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lumen returns the document of docs/documents.md, and the page.
func lumen(t testing.TB) (document, page string) {
	t.Helper()
	page = read(t, "../../docs/documents.md")
	_, text, _ := strings.Cut(page, "```yaml\n")
	document, _, ok := strings.Cut(text, "```\n")
	if !ok {
		t.Fatal("docs/documents.md has no document")
	}
	return document, page
}

// The document of the documentation makes a package without a note, and the summary is
// as the documentation has it.
func TestDocumentOfTheDocumentation(t *testing.T) {
	document, page := lumen(t)
	t.Chdir(t.TempDir())
	status, stdout, stderr := agentsGen("-strict", "-o", "lumen", write(t, "lumen.yaml", document))
	if status != 0 || stdout != "" || strings.Count(stderr, "\n") != 1 {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	if !strings.Contains(page, "\n"+stderr) {
		t.Errorf("the page does not have the line %s", stderr)
	}
	source := written(t, "lumen")
	table, _, _ := strings.Cut(page[strings.Index(page, "| method "):], "\n\n")
	for _, name := range regexp.MustCompile("`\\[?\\]?([A-Z][A-Za-z]+)`").FindAllStringSubmatch(table, -1) {
		if !regexp.MustCompile(`(func \(e Deals\) |type |\t)` + name[1] + `\b`).MatchString(source) {
			t.Errorf("the package has no %s", name[1])
		}
	}
}

// Mistakes in a document are reported, and -strict makes errors of them.
func TestMistakes(t *testing.T) {
	document, page := lumen(t)
	const deletes = "    delete: {x-airbyte-action: delete, responses: {}, x-airbyte-entity: deals\n    }\n"
	for _, test := range []struct {
		name, old, now string
		want           string // in the one note
	}{
		{"a key of a parameter", "in: query, required: true", "in: query, rquired: true", `the parameter "pipeline" of GET /v1/deals has the key "rquired" (closest: required)`},
		{"a key of a schema", "required: [id, title]", "requird: [id, title]", `the schema "Deal" has the key "requird" (closest: required)`},
		{"a name in required", "required: [id, title]", "required: [id, titel]", `the schema "Deal" requires "titel", which is no property of it (closest: title)`},
		{"required that is text", "required: [id, title]", "required: title", "no list"},
		{"no parameter for a placeholder", "    parameters: [{name: deal_id, in: path, required: true, schema: {type: integer}}]\n", "", `PATCH /v1/deals/{deal_id}: no parameter is called "deal_id"`},
		{"a parameter with another name", "name: deal_id", "name: dealid", `there is one called "dealid"`},
		{"a parameter in the path that is not there", "name: pipeline, in: query", "name: pipeline, in: path", "the path has no {pipeline}"},
		{"the extractor's key", "x-airbyte-record-extractor: $.deals", "x-airbyte-record-extracter: $.deals", `"x-airbyte-record-extracter" (closest: x-airbyte-record-extractor)`},
		{"the extractor's path", "$.deals", "$.deels", `nothing describes "$.deels"`},
		{"the entity's key", "x-airbyte-entity: deals\n      x-airbyte-action: update", "x-airbyte-entiti: deals\n      x-airbyte-action: update", `"x-airbyte-entiti" (closest: x-airbyte-entity)`},
		{"an action less", "      x-airbyte-action: update\n", "", "no x-airbyte-action"},
		{"two operations for an action", "x-airbyte-action: update", "x-airbyte-action: list", "GET /v1/deals, PATCH /v1/deals/{deal_id}"},
		{"no place", "name: cursor, in: query", "name: cursor, in: qery", `"qery", which is no place (closest: query)`},
		{"no place at all", "name: cursor, in: query,", "name: cursor,", `the parameter "cursor" of GET /v1/deals has no in, which is path`},
		{"a format", "format: date-time", "format: datetime", `"datetime" (closest: date-time)`},
		{"a type", "name: limit, in: query, schema: {type: integer", "name: limit, in: query, schema: {type: int", `"int", which is none (closest: integer)`},
		{"a type of a property", "title: {type: string}", "title: {type: strng}", `"title" in the schema "Deal" has the type "strng", which is none (closest: string)`},
		{"values of another type", "enum: [new, won, lost]", "enum: [1, 2]", `the parameter "stage" of GET /v1/deals is a string`},
		{"a reference", `items: {$ref: "#/components/schemas/Deal"}`, `items: {$ref: "#/components/schemas/Deels"}`, "nothing is at #/components/schemas/Deels (closest: Deal)"},
		{"no version", "openapi: 3.1.0\n", "", "add openapi: 3.1.0"},
		{"a slug", "x-airbyte-connector-name: lumen", "x-airbyte-connector-name: Lumen CRM", `"Lumen CRM" is no slug`},
		{"a key of the body", "requestBody: {content: {", "requestBody: {contents: {", `the body of PATCH /v1/deals/{deal_id} has the key "contents" (closest: content)`},
		{"a key of the path", "    patch:", "    pach:", `the path /v1/deals/{deal_id} has the key "pach" (closest: patch)`},
		{"a cursor that is a number", "name: cursor, in: query, schema: {type: string}", "name: cursor, in: query, schema: {type: integer}", `deals.list has one page: the parameter "cursor" looks as if it turned pages, and is a number`},
		{"no parameter for the metadata", "name: cursor, in: query", "name: mark, in: query", `deals.list has one page: it has the metadata "next_cursor", and no parameter takes what is in it`},
		{"a cursor's name", "name: cursor, in: query", "name: cursr, in: query", `the parameter "cursr" looks as if it turned pages, and is not known to (closest: cursor)`},
		{"the metadata's path", "$.paging.next", "$.paging.nxt", `the metadata "next_cursor" is never there: nothing describes "$.paging.nxt"`},
		{"records that are an object", "x-airbyte-record-extractor: $.deals", "x-airbyte-record-extractor: $.paging", `deals.list: x-airbyte-record-extractor names "$.paging", which is an object and no list`},
		{"no extractor", "      x-airbyte-record-extractor: $.deals\n", "", "add x-airbyte-record-extractor: $.deals"},
		{"a default beyond the maximum", "maximum: 100", "maximum: 20", "the default 25 beyond its maximum 20"},
		{"a default of no value", "enum: [new, won, lost]", "enum: [new, won, lost], default: wn", `the default "wn", which is none of its values (closest: won)`},
		{"the case of an action", "x-airbyte-action: list", "x-airbyte-action: List", `GET /v1/deals has the action "List", which becomes one of its own (closest: list)`},
		{"an action misspelt", "x-airbyte-action: update", "x-airbyte-action: updat", `(closest: update)`},
		{"an action that is a method", "x-airbyte-action: update", "x-airbyte-action: patch", `PATCH /v1/deals/{deal_id} has the action "patch", which becomes one of its own (closest: update)`},
		{"an entity of the store", "{entity: deals,", "{entity: deal,", `the context store has the entity "deal", which no operation has (closest: deals)`},
		{"a field of the store", "fields: [{name: title,", "fields: [{name: titel,", `the context store has the field "titel" of "deals", which no record of it has (closest: title)`},
		{"a body of XML", "content: {application/json: {schema: {$ref: \"#/components/schemas/DealChange", "content: {application/xml: {schema: {$ref: \"#/components/schemas/DealChange", `the body of PATCH /v1/deals/{deal_id} gives no parameters: it has application/xml`},
		{"an entity", deletes, strings.Replace(deletes, "deals\n", "dealss\n", 1), `the entity "dealss" has only delete, and there is an entity of almost that name (closest: deals)`},
		{"a key of the top", "components:", "component:", `"component" (closest: components)`},
	} {
		document := document
		if test.old == deletes {
			document = strings.Replace(document, "components:\n", deletes+"components:\n", 1)
		}
		if n := strings.Count(document, test.old); n == 0 {
			t.Fatalf("%s: %q is not in the document", test.name, test.old)
		}
		dir := t.TempDir()
		file := write(t, filepath.Join(dir, "lumen.yaml"), strings.Replace(document, test.old, test.now, 1))
		out := filepath.Join(dir, "lumen")
		if status, stdout, stderr := agentsGen("-strict", "-package", "lumen", "-o", out, file); status != 2 || stdout != "" || !strings.Contains(stderr, "agents-gen: -strict: ") {
			t.Errorf("%s: -strict: status %d, %q, %q", test.name, status, stdout, stderr)
		}
		if list, err := filepath.Glob(out); err != nil || len(list) > 0 {
			t.Errorf("%s: -strict wrote something", test.name)
		}
		status, stdout, stderr := agentsGen("-package", "lumen", "-o", out, file)
		if status != 0 || stdout != "" || !strings.Contains(stderr, test.want) || !strings.Contains(stderr, "note: ") {
			t.Errorf("%s: status %d, %q, %q, want %q", test.name, status, stdout, stderr, test.want)
		}
		written(t, out)
		if test.name == "a key of a parameter" && !strings.Contains(page, "note: "+test.want+"\n") {
			t.Errorf("the page does not have the note %s", test.want)
		}
	}
}

// An offset that is a text turns no pages, and -v tells how each list has pages.
func TestPagesReported(t *testing.T) {
	document, _ := lumen(t)
	for _, test := range []struct{ parameter, want, not string }{
		{"{name: cursor, in: query, schema: {type: string}}", "pages: deals.list: cursor (next_cursor)\n", "note: "},
		{"{name: offset, in: query, schema: {type: integer}}", "pages: deals.list: offset\n", "note: "},
		{"{name: offset, in: query, schema: {type: string}}", `pages: deals.list: one page; the parameter "offset" is a text` + "\n", ""},
	} {
		text := strings.Replace(document, "{name: cursor, in: query, schema: {type: string}}", test.parameter, 1)
		if !strings.Contains(test.parameter, "cursor") {
			text = strings.Replace(text, "      x-airbyte-meta-extractor: {next_cursor: $.paging.next}\n", "", 1)
		}
		dir := t.TempDir()
		status, _, stderr := agentsGen("-v", "-o", filepath.Join(dir, "lumen"), write(t, filepath.Join(dir, "lumen.yaml"), text))
		if status != 0 || !strings.Contains(stderr, test.want) || test.not != "" && strings.Contains(stderr, test.not) {
			t.Errorf("%s: status %d, %s", test.parameter, status, stderr)
		}
		if test.not == "" && !strings.Contains(stderr, "note: deals.list has one page: ") {
			t.Errorf("%s: no note in %s", test.parameter, stderr)
		}
	}
}

// A change that must give a whole record is no mistake, and -v tells of it.
func TestChangeRequires(t *testing.T) {
	document, _ := lumen(t)
	document = strings.Replace(document, "schemas/DealChange", "schemas/Deal", 1)
	dir := t.TempDir()
	status, _, stderr := agentsGen("-v", "-strict", "-o", filepath.Join(dir, "lumen"), write(t, filepath.Join(dir, "lumen.yaml"), document))
	if status != 0 || !strings.Contains(stderr, "note: deals.update: every change must give title: ") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// What is surely wrong is refused.
func TestSurelyWrong(t *testing.T) {
	document, _ := lumen(t)
	twice := strings.Replace(document, "  /v1/deals/{deal_id}:", "  /v1/deals:", 1)
	for _, test := range []struct{ name, text, want string }{
		{"a path twice", twice, `the key "/v1/deals" stands in line 8 and again in line 21`},
		{"a property twice", strings.Replace(document, "title: {type: string}", "title: {type: string}\n        title: {type: integer}", 1), `the key "title" stands`},
		{"twice, and once more", strings.Replace(twice, "  title: Lumen CRM", "  title: Lumen CRM\n  title: x", 1), "1 more"},
		{"in JSON", "{\"openapi\": \"3.1.0\",\n\"info\": {},\n\"info\": {}}", `the key "info" stands in line 2 and again in line 3`},
		{"Swagger", strings.Replace(document, "openapi: 3.1.0", `swagger: "2.0"`, 1), `Swagger "2.0"`},
		{"another version", strings.Replace(document, "openapi: 3.1.0", "openapi: 99", 1), `OpenAPI "99"`},
	} {
		dir := t.TempDir()
		status, stdout, stderr := agentsGen("-o", filepath.Join(dir, "out"), write(t, filepath.Join(dir, "x.yaml"), test.text))
		if status != 2 || stdout != "" || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, %q, %q", test.name, status, stdout, stderr)
		}
	}
}

// However sloppy a document is, the notes are few, and -v lists all.
func TestManyMistakes(t *testing.T) {
	document, _ := lumen(t)
	var more strings.Builder
	for i := range 40 {
		fmt.Fprintf(&more, "    X%d: {type: strng, formt: a, required: [b], properties: {a: {type: string, format: datetime, x-airbyte-odd: 1}}}\n", i)
	}
	file := write(t, filepath.Join(t.TempDir(), "lumen.yaml"), document+more.String())
	out := filepath.Join(t.TempDir(), "lumen")
	_, _, few := agentsGen("-o", out, file)
	lines := strings.Split(strings.TrimSpace(few), "\n")
	if len(lines) > 14 || !strings.HasPrefix(lines[len(lines)-2], "note: there are 148 more; -v") {
		t.Errorf("the notes are\n%s", few)
	}
	_, _, all := agentsGen("-v", "-o", out, file)
	if n := strings.Count(all, "note: "); n != 200 || !strings.Contains(all, `x-airbyte-odd`) {
		t.Errorf("-v has %d notes", n)
	}
	for _, line := range lines[:len(lines)-2] {
		if !slices.Contains(strings.Split(all, "\n"), line) {
			t.Errorf("-v does not have %s", line)
		}
	}
}

// What is usual in documents of connectors, and is not read, is no mistake.
func TestNoMistakes(t *testing.T) {
	document, _ := lumen(t)
	usual := strings.NewReplacer(
		"  version: 0.1.0", "  version: 0.1.0\n  x-airbyte-odd-one: Lumen\n  x-airbyte-odd-two: {direct: [x]}\n  x-vendor: 1",
		"      x-airbyte-entity: deals\n", "      x-airbyte-entity: deals\n      x-airbyte-odd-one: true\n      x-airbyte-odd-two: true\n      x-odd: 1\n      tags: [a]\n      operationId: x\n",
		"title: {type: string}", "title: {type: string, title: T, example: x, pattern: '^a', minLength: 1, x-airbyte-odd-one: 1, format: uri, airbyte_secret: true}\n        required: {type: string}\n        requird: {type: string}\n        propertys: {type: object, additionalProperties: true, required: [x]}",
		"    DealPage:", "    Part: {required: [title], properties: {a: {type: string}}}\n    Whole: {allOf: [{$ref: '#/components/schemas/Part'}, {properties: {title: {type: string}}}], required: [title]}\n    DealPage:",
	).Replace(document)
	dir := t.TempDir()
	if status, _, stderr := agentsGen("-strict", "-o", filepath.Join(dir, "lumen"), write(t, filepath.Join(dir, "lumen.yaml"), usual)); status != 0 || strings.Contains(stderr, "note: ") {
		t.Errorf("status %d, %s", status, stderr)
	}
}
