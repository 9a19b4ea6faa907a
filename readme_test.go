package agents_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"iter"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	// The packages that the snippets use are linked, so that go test does not use a
	// cached result after they have changed.
	_ "github.com/airbyte-agents/airbyte-agents-go/agenttools"
	_ "github.com/airbyte-agents/airbyte-agents-go/auth"
	_ "github.com/airbyte-agents/airbyte-agents-go/client"
	_ "github.com/airbyte-agents/airbyte-agents-go/examples/typed/acmedesk"
)

const module = "github.com/airbyte-agents/airbyte-agents-go/"

// imports are the packages that a snippet may use without importing them.
var imports = map[string]string{
	"acmedesk":   module + "examples/typed/acmedesk",
	"agentstest": module + "agentstest",
	"agenttools": module + "agenttools",
	"auth":       module + "auth",
	"client":     module + "client",
	"gen":        module + "gen",
	"context":    "context",
	"errors":     "errors",
	"fmt":        "fmt",
	"http":       "net/http",
	"iter":       "iter",
	"json":       "encoding/json",
	"log":        "log",
	"os":         "os",
	"slog":       "log/slog",
	"sync":       "sync",
	"testing":    "testing",
	"time":       "time",
}

// given are the names that a snippet may use without declaring them, because the
// reader knows what they stand for.
var given = map[string]string{
	"ctx":            "var ctx context.Context",
	"clientID":       "var clientID string",
	"clientSecret":   "var clientSecret string",
	"organizationID": "var organizationID string",
	"err":            "var err error",
	"id":             "var id string",
	"params":         "var params client.Params",
	"t":              "var t *testing.T",
	"ws":             "var ws *client.Workspace",
	"conn":           "var conn *client.Connector",
	"desk":           "var desk *acmedesk.Connector",
	"description":    "var description []byte",
	"github":         "var github *client.Connector",
	"gong":           "var gong *client.Connector",
	"c":              "var c *client.Client",
	"name":           "var name string",
	"ask":            "var ask func(context.Context, agenttools.Action) error",
	"args":           "var args json.RawMessage",
	"zendeskToken":   "var zendeskToken string",
	"key":            "var key auth.Secret",
	"next":           "var next client.Params",
	"tenant":         "var tenant string",
	"request":        "var request client.CreateConnectorRequest",
	"Call":           "type Call struct { ID string }",
	"Issue":          "type Issue struct { Number int; Title, State string }",
	"Ticket":         "type Ticket struct { ID int; Subject, Status string }",
}

// documents returns the paths of the documents, with slashes: those in the root and
// the pages in docs.
func documents(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			list = append(list, filepath.ToSlash(name))
		}
	}
	return list
}

// TestSnippets compiles the Go snippets of the documents.
func TestSnippets(t *testing.T) {
	found := map[string]int{}
	var files []*ast.File
	fset := token.NewFileSet()
	for _, name := range documents(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line, code := range snippets(string(text)) {
			found[name]++
			file, err := parse(fset, name, line, code)
			if err != nil {
				t.Error(err)
				continue
			}
			files = append(files, file)
		}
	}
	for _, name := range []string{"README.md", "docs/calls.md", "docs/errors.md"} {
		if found[name] == 0 {
			t.Errorf("no snippets in %s; of all documents: %v", name, found)
		}
	}
	imp := load(t, fset, files)
	for _, file := range files {
		for _, err := range check(fset, imp, file) {
			t.Error(err)
		}
	}
}

// TestProgram runs the program at the top of README.md.
func TestProgram(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "main.go")
	for _, code := range snippets(string(text)) {
		if strings.HasPrefix(code, "package main") {
			if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	fake := agentstest.NewServer()
	defer fake.Close()
	cmd := exec.CommandContext(t.Context(), "go", "run", file)
	cmd.Env = append(os.Environ(), "AIRBYTE_API_HOST="+fake.URL, "AIRBYTE_CLIENT_ID="+agentstest.ClientID, "AIRBYTE_CLIENT_SECRET="+agentstest.ClientSecret,
		"AIRBYTE_ORGANIZATION_ID=", "AIRBYTE_WORKSPACE=")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") != 15 || !strings.Contains(string(out), "\n14 Show the request id in errors\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if n := fake.Count("createToken"); n != 1 {
		t.Errorf("%d requests for a token", n)
	}
}

// TestSnippetMistakes tests that TestSnippets finds mistakes.
func TestSnippetMistakes(t *testing.T) {
	document := strings.Join([]string{
		"```sh", "go get", "```", "",
		"```go", "a, err := client.Connect(ctx, \"github\")", "for b := range z { … }", "```", // 5
		"- item", "  ```go", "", "  client.Conect(ctx)", "  ```", // 9
		"```go", "err := auth.Configure(auth.Config{ID: clientID})", "```", // 14
		"```go", "func f() int {", "\treturn client.DefaultBaseURL", "}", "```", // 17
		"```go", "import \"fmt\"", "func f() { fmt.Println(time.Now()) }", "```", // 22
		"```go", "package main", "import \"os\"", "func main() {}", "```", // 26
		"```go", "if {", "}", "```", // 31
		"```go", "func f() {", "\tx :=", "}", "```", // 35
		"```go", "for t := range ws.Client().Workspaces(ctx, client.WorkspaceFilter{}) { … }", "```", "", // 40
	}, "\n")
	want := []string{
		"x.md:7:16: undefined: z",
		"x.md:12:10: undefined: client.Conect",
		"x.md:15:35: unknown field ID",
		"x.md:19:9: cannot use client.DefaultBaseURL",
		"x.md:24:24: undefined: time",
		"x.md:28:8: \"os\" imported and not used",
		"x.md:32:4: missing condition",
		"x.md:38:1: expected operand",
	}
	var got []string
	fset := token.NewFileSet()
	var files []*ast.File
	for line, code := range snippets(document) {
		file, err := parse(fset, "x.md", line, code)
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		files = append(files, file)
	}
	imp := load(t, fset, files)
	for _, file := range files {
		for _, err := range check(fset, imp, file) {
			got = append(got, err.Error())
		}
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(g string) bool { return strings.HasPrefix(g, w) })
		if i < 0 {
			t.Errorf("not found: %s", w)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, g := range got {
		t.Errorf("found without a reason: %s", g)
	}
}

// snippets iterates over the Go snippets in a document: the number of the first
// line and the code.
func snippets(document string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		var code []string
		begin, inside := 0, false
		for i, line := range strings.Split(document, "\n") {
			fence := strings.TrimSpace(line)
			switch {
			case !inside && fence == "```go":
				code, begin, inside = nil, i+2, true
			case inside && fence == "```":
				inside = false
				if !yield(begin, strings.Join(code, "\n")) {
					return
				}
			case inside:
				code = append(code, line)
			}
		}
	}
}

// parse parses a snippet as a file: declarations remain as they are, statements
// become the body of a function, and the names that are given are declared.
// Positions in the file are those in the document.
func parse(fset *token.FileSet, document string, line int, code string) (*ast.File, error) {
	code = strings.ReplaceAll(code, "{ … }", "{     }") // a body for the reader to fill in
	program := strings.HasPrefix(strings.TrimSpace(code), "package ")
	code = fmt.Sprintf("\n//line %s:%d:1\n%s\n", document, line, code)
	if program {
		return parser.ParseFile(fset, "", code, 0)
	}
	head, tail := "package p; ", ""
	file, err := parser.ParseFile(fset, "", head+code, 0)
	if err != nil {
		asDeclarations := err
		head, tail = "package p; func _() error {", "return nil }"
		if file, err = parser.ParseFile(fset, "", head+code+tail, 0); err != nil {
			return nil, further(asDeclarations, err)
		}
	}
	if len(file.Imports) > 0 {
		return file, nil // the snippet tells all of its imports
	}
	for _, name := range unresolved(file) {
		if declaration, ok := given[name]; ok {
			tail += "\n" + declaration
		}
	}
	if file, err = parser.ParseFile(fset, "", head+code+tail, 0); err != nil {
		return nil, err
	}
	for _, name := range unresolved(file) {
		if path, ok := imports[name]; ok {
			head = strings.Replace(head, "package p; ", fmt.Sprintf("package p; import %q; ", path), 1)
		}
	}
	return parser.ParseFile(fset, "", head+code+tail, 0)
}

// unresolved returns the names that a file uses without declaring them.
func unresolved(file *ast.File) []string {
	names := map[string]bool{}
	for _, id := range file.Unresolved {
		names[id.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// further returns the error that is later in the code, since the attempt to parse
// that got further was the better one.
func further(a, b error) error {
	var x, y scanner.ErrorList
	if errors.As(a, &x) && errors.As(b, &y) && x[0].Pos.Line > y[0].Pos.Line {
		return x[0]
	}
	if errors.As(b, &y) {
		return y[0]
	}
	return b
}

// load returns an importer for the packages that files import. The go command says
// where the compiled packages are. Most are those that this test is linked with, so
// hardly anything has to be compiled.
func load(t *testing.T, fset *token.FileSet, files []*ast.File) types.Importer {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}"}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	for _, file := range files {
		for _, spec := range file.Imports {
			args = append(args, strings.Trim(spec.Path.Value, `"`))
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(string(exit.Stderr))
		}
		t.Fatalf("go list: %v", err)
	}
	compiled := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		compiled[path] = file
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(compiled[path]) })
}

// check type-checks a file and returns the errors. A variable that a snippet
// declares and does not use is not an error, since the reader will use it.
func check(fset *token.FileSet, imp types.Importer, file *ast.File) []error {
	var found []error
	conf := types.Config{Importer: imp, Error: func(err error) {
		var mistake types.Error
		if !errors.As(err, &mistake) || !strings.HasPrefix(mistake.Msg, "declared and not used") {
			found = append(found, err)
		}
	}}
	_, _ = conf.Check("p", fset, []*ast.File{file}, nil) // the first error again
	return found
}
