package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// kinds are the ways to use a type of record, as a statement of a program: %d is the
// number of the type.
var kinds = map[string]string{
	"Execute": `{ v, _, err := client.Execute[[]t%[1]d](ctx, c, "e", "list", nil); fmt.Println(len(v), err) }`,
	"All":     `for v, err := range client.All[t%[1]d](ctx, c, "e", "list", nil) { fmt.Println(v.A, err) }`,
	"Search":  `for v, err := range client.Search[t%[1]d](ctx, c, "e", client.Query{}) { fmt.Println(v.A, err) }`,
	"loop":    `for v, err := range sequence[t%[1]d] { fmt.Println(v.A, err) }`,
	"value":   `{ var v t%[1]d; fmt.Println(v.A, err) }`,
}

// whole are the parts of package client, as statements of a program that links them one
// after the other.
var whole = []struct{ name, statement string }{
	{"call", ``},
	{"all", `for v, err := range client.All[issue](ctx, c, "issues", "list", nil) { fmt.Println(v.Title, err) }`},
	{"search", `for v, err := range client.Search[issue](ctx, c, "issues", client.Query{Filter: client.Where("state").Eq("open")}) { fmt.Println(v.Title, err) }`},
	{"download", `{ d, err := c.Download(ctx, "files", client.Params{"id": 1}); fmt.Println(err); fmt.Println(d.Save("x")) }`},
	{"typed", `{ v, _, err := fifty.New(c).Things0.List(ctx, fifty.Things0ListParams{}); fmt.Println(len(v), err) }`},
}

// program returns a program that uses n types in the given ways.
func program(n int, kinds ...string) []byte {
	var b bytes.Buffer
	b.WriteString("package main\n\nimport (\n\"context\"\n\"fmt\"\n\"" + module + "/client\"\n)\n\n")
	b.WriteString("//go:noinline\nfunc sequence[T any](yield func(T, error) bool) { var v T; yield(v, nil) }\n\nfunc main() {\nctx := context.Background()\nc, err := client.Connect(ctx, \"github\")\nfmt.Println(c, err)\n")
	b.WriteString("issues, _, err := client.Execute[[]issue](ctx, c, \"issues\", \"list\", nil)\nfmt.Println(issues, err)\n")
	for _, k := range kinds {
		for i := range n {
			fmt.Fprintf(&b, k+"\n", i)
		}
	}
	b.WriteString("}\n\ntype issue struct {\nNumber int `json:\"number\"`\nTitle string `json:\"title\"`\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "type t%[1]d struct {\nA int `json:\"a%[1]d\"`\nB string `json:\"b\"`\nC []string `json:\"c\"`\nD *float64 `json:\"d\"`\n}\n", i)
	}
	return b.Bytes()
}

// library makes a program a package that others import.
func library(program []byte) []byte {
	return bytes.Replace(bytes.Replace(program, []byte("package main"), []byte("package sixty"), 1), []byte("func main()"), []byte("func Run()"), 1)
}

// document returns a document with 50 operations: five on each of ten entities.
func document() []byte {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ninfo: {title: Fifty, version: \"1\", x-airbyte-connector-name: fifty}\npaths:\n")
	fields := "id: {type: integer}, name: {type: string}, state: {type: string, enum: [open, closed]}, created_at: {type: string, format: date-time}, score: {type: [number, \"null\"]}, tags: {type: array, items: {type: string}}, owner: {type: object, properties: {id: {type: integer}, email: {type: string}}}, extra: {type: object, additionalProperties: true}"
	for i := range 10 {
		result := "responses: {\"200\": {content: {application/json: {schema: %s}}}}"
		ref := fmt.Sprintf("{$ref: \"#/components/schemas/Thing%d\"}", i)
		op := func(method, action, rest, schema string) {
			fmt.Fprintf(&b, "    %s: {x-airbyte-entity: things%d, x-airbyte-action: %s, %s"+result+"}\n", method, i, action, rest, schema)
		}
		fmt.Fprintf(&b, "  /things%d:\n", i)
		op("get", "list", "x-airbyte-meta-extractor: {next_cursor: $.next}, parameters: [{name: cursor, in: query, schema: {type: string}}, {name: limit, in: query, schema: {type: integer}}, {name: q, in: query, schema: {type: string}}], ", "{type: array, items: "+ref+"}")
		op("post", "create", "requestBody: {content: {application/json: {schema: {required: [name], properties: {"+fields+"}}}}}, ", ref)
		fmt.Fprintf(&b, "  /things%d/{id}:\n    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]\n", i)
		op("get", "get", "", ref)
		op("put", "update", "requestBody: {content: {application/json: {schema: {properties: {"+fields+"}}}}}, ", ref)
		op("delete", "delete", "", "{}")
	}
	b.WriteString("components:\n  schemas:\n")
	for i := range 10 {
		fmt.Fprintf(&b, "    Thing%d: {type: object, properties: {%s}}\n", i, fields)
	}
	return []byte(b.String())
}

// typed makes a module with a generated package of 50 operations and programs that use
// it, and others that use functions of package client. The caller must remove dir.
func typed(ctx context.Context) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "bench"); err != nil {
		return "", err
	}
	root, err := os.Getwd()
	if err != nil {
		return dir, err
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		return dir, err
	}
	use := func(call string) []byte {
		text := string(program(0))
		text = strings.Replace(text, "client\"\n)", "client\"\n\"example.com/user/fifty\"\n)", 1)
		return []byte(strings.Replace(text, "}\n\ntype issue", call+"\n}\n\ntype issue", 1))
	}
	files := map[string][]byte{
		"go.sum":           sum,
		"go.mod":           fmt.Appendf(nil, "module example.com/user\n\ngo 1.26.0\n\nrequire %[1]s v0.0.0\n\nreplace %[1]s => %[2]s\n", module, root),
		"fifty.yaml":       document(),
		"none/main.go":     program(0),
		"one-list/main.go": use("{ v, _, err := fifty.New(c).Things0.List(ctx, fifty.Things0ListParams{}); fmt.Println(len(v), err) }"),
		"one-get/main.go":  use("{ v, err := fifty.New(c).Things0.Get(ctx, fifty.Things0GetParams{ID: 1}); fmt.Println(v.ID, err) }"),
		"one-all/main.go":  use("for v, err := range fifty.New(c).Things0.All(ctx, fifty.Things0ListParams{}) { fmt.Println(v.ID, err) }"),
		"sixty/sixty.go":   library(program(20, kinds["Execute"], kinds["All"], kinds["Search"])),
	}
	if files["hand/main.go"], err = os.ReadFile("internal/bench/hand/main.go"); err != nil {
		return dir, err
	}
	for i := range whole {
		var calls strings.Builder
		for _, part := range whole[:i+1] {
			calls.WriteString(part.statement + "\n")
		}
		text := string(use(calls.String()))
		if whole[i].name != "typed" {
			text = strings.Replace(text, "\"example.com/user/fifty\"\n", "", 1)
		}
		files["whole-"+whole[i].name+"/main.go"] = []byte(text)
	}
	for name, statement := range kinds {
		files[name+"-1/main.go"], files[name+"-21/main.go"] = program(1, statement), program(21, statement)
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return dir, err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return dir, err
		}
	}
	generate := exec.CommandContext(ctx, "go", "run", "./cmd/agents-gen", "-o", filepath.Join(dir, "fifty"), filepath.Join(dir, "fifty.yaml"))
	if out, err := generate.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("agents-gen: %w\n%s", err, out)
	}
	if err := inModule(ctx, dir, "mod", "tidy"); err != nil {
		return dir, err
	}
	return dir, nil
}

// inModule runs the go command in a module of its own.
func inModule(ctx context.Context, dir string, args ...string) error {
	_, err := cpu(ctx, dir, args...)
	return err
}

// cpu runs the go command in a module of its own and returns the processor time of the
// user that it took.
func cpu(ctx context.Context, dir string, args ...string) (float64, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return cmd.ProcessState.UserTime().Seconds(), nil
}

// typedSize measures how many bytes calls of a generated package add to a program, and
// how many a further type of the generic functions.
func typedSize(ctx context.Context, got results) error {
	dir, err := typed(ctx)
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	if err != nil {
		return err
	}
	if err := inModule(ctx, dir, "build", "-trimpath", "-ldflags=-s -w", "-o", "bin/", "./..."); err != nil {
		return err
	}
	size := func(name string) float64 {
		info, statErr := os.Stat(filepath.Join(dir, "bin", name))
		if statErr != nil {
			err = statErr
			return 0
		}
		return float64(info.Size()) / 1024
	}
	for i, part := range whole {
		before := "hand"
		if i > 0 {
			before = "whole-" + whole[i-1].name
		}
		got.put("TypedSize", "whole-"+part.name+"-KB", size("whole-"+part.name)-size(before))
	}
	got.put("TypedSize", "whole-MiB", (size("whole-typed")-size("hand"))/1024)
	got.put("TypedSize", "get-KB", size("one-get")-size("none"))
	got.put("TypedSize", "list-KB", size("one-list")-size("none"))
	got.put("TypedSize", "all-KB", size("one-all")-size("All-1"))
	each := func(kind string) float64 { return (size(kind+"-21") - size(kind+"-1")) / 20 }
	got.put("TypedSize", "Execute-KB", each("Execute")-each("value"))
	got.put("TypedSize", "All-KB", each("All")-each("loop"))
	got.put("TypedSize", "Search-KB", each("Search")-each("loop"))
	return err
}

// typedBuild measures the processor time of building a generated package, and a program
// with many types, when what they import is built. A new comment forces the build.
func typedBuild(ctx context.Context, got results) error {
	dir, err := typed(ctx)
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	if err != nil {
		return err
	}
	for unit, file := range map[string]string{"fifty-s": "fifty/connector.gen.go", "sixty-s": "sixty/sixty.go"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		var all []float64
		for i := range 6 {
			if err := os.WriteFile(filepath.Join(dir, file), fmt.Appendf(nil, "%s\n// %d\n", text, time.Now().UnixNano()), 0o600); err != nil {
				return err
			}
			seconds, err := cpu(ctx, dir, "build", "./"+filepath.Dir(file)) // of packages that are not main, nothing is linked
			if err != nil {
				return err
			}
			if i > 0 { // the first build may include the dependencies
				all = append(all, seconds)
			}
		}
		got.put("TypedBuild", unit, median(all))
	}
	return nil
}
