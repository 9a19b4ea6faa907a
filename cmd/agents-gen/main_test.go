package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/emit"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/model"
)

const acme = "../../examples/typed/acme.yaml"

// agentsGen runs the command and returns its exit status and what it printed.
func agentsGen(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, &out, &errs)
	return status, out.String(), errs.String()
}

// exports finds the compiled packages that generated code imports.
var exports = sync.OnceValues(func() (map[string]string, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}",
		"github.com/airbyte-agents/airbyte-agents-go/client", "context", "encoding/json", "iter", "time").Output()
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return files, nil
})

var imported = sync.OnceValues(func() (types.Importer, error) {
	files, err := exports()
	if err != nil {
		return nil, err
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }), nil
})

var compiling sync.Mutex // an importer is for one goroutine at a time

// compile checks that files are a package that compiles, that gofmt has nothing to
// change and that they hold no character that cannot be seen.
func compile(t testing.TB, files []emit.File) *types.Package {
	t.Helper()
	imp, err := imported()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, f := range files {
		if !regexp.MustCompile(`^(connector|records|entity_[a-z0-9_]+)\.gen\.go$`).MatchString(f.Name) {
			t.Errorf("a file is called %q", f.Name)
		}
		file, err := parser.ParseFile(fset, f.Name, f.Data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("%v\n%s", err, f.Data)
		}
		if !ast.IsGenerated(file) || !bytes.HasPrefix(f.Data, []byte(emit.Header+"\n")) {
			t.Errorf("%s has no header", f.Name)
		}
		parsed = append(parsed, file)
		again, err := format.Source(f.Data)
		if err != nil || !bytes.Equal(again, f.Data) {
			t.Errorf("%s is not formatted: %v\n%s", f.Name, err, f.Data)
		}
		for _, group := range file.Comments {
			for _, c := range group.List {
				if !strings.HasPrefix(c.Text, "// ") && c.Text != "//" || strings.HasPrefix(c.Text, "// +build") {
					t.Errorf("%s has the comment %q", f.Name, c.Text)
				}
			}
		}
		for _, r := range string(f.Data) {
			if r != '\n' && r != '\t' && (!unicode.IsGraphic(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)) {
				t.Errorf("%s has the character %U", f.Name, r)
			}
		}
	}
	compiling.Lock()
	defer compiling.Unlock()
	conf := types.Config{Importer: imp, Error: func(err error) { t.Error(err) }}
	p, err := conf.Check("x", fset, parsed, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, source(files))
	}
	return p
}

func source(files []emit.File) string {
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "-- %s --\n%s", f.Name, f.Data)
	}
	return b.String()
}

// made returns the files of a document, which are the same every time.
func made(t testing.TB, data []byte, entities ...string) ([]emit.File, *model.Package) {
	t.Helper()
	d, err := document.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	p := model.Build(d)
	files, err := emit.Files(p, "x", entities)
	if err != nil {
		t.Fatal(err)
	}
	return files, p
}

// files returns what is in a folder, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGenerate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	status, stdout, stderr := agentsGen("-v", "-o", dir, acme)
	if status != 0 || stdout != "" {
		t.Fatalf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	for _, want := range []string{
		`json.RawMessage: "external_id" of Ticket: it is one of several types`, `left out: "odd,\"name" of Ticket`,
		`renamed: "user_id" of Ticket is UserID2`, `renamed: the type of the entity "connector" is ConnectorEntity`,
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("-v does not say %s:\n%s", want, stderr)
		}
	}
	first := files(t, dir)
	for _, name := range []string{"connector.gen.go", "records.gen.go", "entity_tickets.gen.go", "entity_type.gen.go"} {
		if !strings.HasPrefix(first[name], emit.Header+"\n") || !strings.Contains(first[name], `document "Acme Desk" of the connector "acme-desk", version "1.4.0"`) || !strings.Contains(first[name], "\npackage acmedesk\n") {
			t.Errorf("%s is %.300s", name, first[name])
		}
	}
	if status, stdout, _ := agentsGen("-check", "-o", dir, acme); status != 0 || stdout != "" {
		t.Errorf("-check finds differences: %s", stdout)
	}

	// A part of it: other files are removed, but not those of others.
	write(t, filepath.Join(dir, "mine.go"), "package desk\n")
	write(t, filepath.Join(dir, "mine.gen.go"), "// Code generated by something. DO NOT EDIT.\npackage desk\n")
	if status, _, stderr := agentsGen("-o", dir, "-entities", "limits, type", "-package", "desk", acme); status != 0 {
		t.Fatal(stderr)
	}
	part := files(t, dir)
	want := []string{"connector.gen.go", "entity_limits.gen.go", "entity_type.gen.go", "mine.gen.go", "mine.go", "records.gen.go"}
	var names []string
	for name := range part {
		names = append(names, name)
	}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("the folder has %q, want %q", names, want)
	}
	if strings.Contains(part["records.gen.go"], "Ticket") || !strings.Contains(part["records.gen.go"], "LimitsListRecord") || !strings.Contains(part["records.gen.go"], "package desk") {
		t.Errorf("the records are\n%s", part["records.gen.go"])
	}
}

// The document's order of paths and of schemas changes nothing.
func TestOrder(t *testing.T) {
	data := read(t, acme)
	head, rest, _ := strings.Cut(data, "paths:\n")
	paths, components, _ := strings.Cut(rest, "components:\n")
	var blocks []string
	for _, block := range regexp.MustCompile(`(?m)^  /`).Split(paths, -1)[1:] {
		blocks = append(blocks, "  /"+block)
	}
	slices.Reverse(blocks)
	files, _ := made(t, []byte(head+"paths:\n"+strings.Join(blocks, "")+"components:\n"+components))
	want, _ := made(t, []byte(data))
	if source(files) != source(want) {
		t.Error("the order of paths matters")
	}
}

// Two properties more in one schema change its type, and what they are made of is new.
func TestOtherTypesStay(t *testing.T) {
	before, _ := made(t, []byte(read(t, acme)))
	after, _ := made(t, []byte(strings.Replace(read(t, acme), "        labels:", "        user: {type: object, properties: {kind: {type: string, enum: [a]}}}\n        \"2+1\": {type: [array, 'null'], items: {type: object, properties: {a: {type: string}}}}\n        labels:", 1)))
	for i := range before {
		if before[i].Name != "records.gen.go" && !bytes.Equal(before[i].Data, after[i].Data) {
			t.Errorf("%s changed", before[i].Name)
		}
	}
	types := func(files []emit.File) map[string]string {
		all := map[string]string{}
		for _, f := range files {
			file, err := parser.ParseFile(token.NewFileSet(), f.Name, f.Data, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
					name := g.Specs[0].(*ast.TypeSpec).Name.Name
					all[name] = string(f.Data[g.Pos()-1 : g.End()-1])
				}
			}
		}
		return all
	}
	was, is := types(before), types(after)
	for name, text := range was {
		if is[name] != text && name != "Ticket" {
			t.Errorf("%s changed from\n%s\nto\n%s", name, text, is[name])
		}
	}
	compile(t, after)
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	in := func(name, text string) string { return write(t, filepath.Join(dir, name), text) }
	doc := func(slug, entity string) string {
		return fmt.Sprintf("openapi: 3.1.0\ninfo: {title: T, x-airbyte-connector-name: %s}\npaths: {/x: {get: {x-airbyte-entity: %s, x-airbyte-action: list}}}\n", slug, entity)
	}
	out := filepath.Join(dir, "out")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "name the document"},
		{"no folder", []string{acme}, "-o"},
		{"-breaking alone", []string{"-breaking", "-o", out, acme}, "-check"},
		{"no document", []string{"-o", out}, "name the document"},
		{"two documents", []string{"-o", out, acme, acme}, "one document"},
		{"unknown flag", []string{"-x", acme}, "usage"},
		{"no such file", []string{"-o", out, filepath.Join(dir, "none.yaml")}, "cannot be read"},
		{"a folder", []string{"-o", out, dir}, "cannot be read"},
		{"no YAML", []string{"-o", out, in("bad.yaml", "a: [")}, "not YAML: in or after line 1: did not"},
		{"no document of a connector", []string{"-o", out, in("openapi.yaml", "openapi: 3.1.0\npaths: {}")}, "x-airbyte-connector-name"},
		{"no entities", []string{"-o", out, in("empty.yaml", "openapi: 3.1.0\ninfo: {x-airbyte-connector-name: a}\npaths: {}")}, "no entities"},
		{"too large", []string{"-o", out, in("large.yaml", strings.Repeat("# comment\n", 300_000))}, "bytes"},
		{"unknown entity", []string{"-o", out, "-entities", "tickets,nope", acme}, "audits, connector"},
		{"no entity", []string{"-o", out, "-entities", ", ", acme}, "-entities"},
		{"bad package", []string{"-o", out, "-package", "a-b", acme}, "-package"},
		{"keyword", []string{"-o", out, "-package", "func", acme}, "-package"},
		{"empty package", []string{"-o", out, "-package", "", acme}, "-package"},
		{"slug that is a keyword", []string{"-o", out, in("func.yaml", doc("func", "x"))}, "-package"},
		{"slug that is main", []string{"-o", out, in("main.yaml", doc("main", "x"))}, "-package"},
		{"slug that begins with a digit", []string{"-o", out, in("1p.yaml", doc("1password", "x"))}, "-package"},
		{"slug that is a path", []string{"-o", out, in("path.yaml", doc("../../x", "x"))}, "-package"},
	}
	for _, test := range tests {
		status, stdout, stderr := agentsGen(test.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want %q", test.name, status, stdout, stderr, test.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%s: something was written", test.name)
		}
	}
	if status, _, stderr := agentsGen("-o", out, "-package", "onepassword", filepath.Join(dir, "1p.yaml")); status != 0 {
		t.Errorf("-package does not help: %s", stderr)
	}
	if status, stdout, _ := agentsGen("-h"); status != 0 || !strings.Contains(stdout, "usage") || !strings.Contains(stdout, "-fake file\n") {
		t.Errorf("-h: status %d, %q", status, stdout)
	}
}

// What the generator did not write is neither replaced nor removed, nor followed.
func TestFilesInTheWay(t *testing.T) {
	elsewhere := write(t, filepath.Join(t.TempDir(), "elsewhere"), emit.Header+"\n")
	for name, place := range map[string]func(file string) error{
		"a file of the user": func(file string) error { return os.WriteFile(file, []byte("package acmedesk\n"), 0o600) },
		"a file of another": func(file string) error {
			return os.WriteFile(file, []byte("// Code generated by x. DO NOT EDIT.\n"), 0o600)
		},
		"a link":                    func(file string) error { return os.Symlink(elsewhere, file) },
		"a link to nothing":         func(file string) error { return os.Symlink(elsewhere+"-not", file) },
		"a folder":                  func(file string) error { return os.Mkdir(file, 0o700) },
		"a file with a late header": func(file string) error { return os.WriteFile(file, []byte("\n"+emit.Header+"\n"), 0o600) },
	} {
		dir := t.TempDir()
		if err := place(filepath.Join(dir, "entity_tickets.gen.go")); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"-o", dir, acme}, {"-check", "-o", dir, acme}} {
			status, _, stderr := agentsGen(args...)
			if status != 2 || !strings.Contains(stderr, "in the way") {
				t.Errorf("%s: status %d, %q", name, status, stderr)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("%s: the folder has %v, %v", name, entries, err)
		}
	}
	if got := read(t, elsewhere); got != emit.Header+"\n" {
		t.Errorf("a link was followed: %s", got)
	}

	dir := t.TempDir()
	link := filepath.Join(dir, "entity_old.gen.go")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := agentsGen("-o", dir, acme); status != 0 {
		t.Fatal(stderr)
	}
	if _, err := os.Lstat(link); err != nil {
		t.Error("a link to one of our files was removed")
	}
	file := write(t, filepath.Join(t.TempDir(), "file"), "")
	if status, _, stderr := agentsGen("-o", file, acme); status != 2 {
		t.Errorf("-o is a file: status %d, %s", status, stderr)
	}
}

// A folder has one package.
func TestAnotherPackage(t *testing.T) {
	for _, test := range []struct {
		name, file, text string
		refused          bool
	}{
		{"a program", "main.go", "// A program.\npackage main\n\nfunc main() {}\n", true},
		{"another package", "x.go", "package x\n", true},
		{"another generator's", "x.gen.go", "// Code generated by x. DO NOT EDIT.\n\npackage x\n", true},
		{"a test of a program", "main_test.go", "package main\n", true},
		{"a test of another package", "x_test.go", "package x_test\n", true},
		{"a test", "x_test.go", "package acmedesk\n", false},
		{"the same package", "x.go", "package acmedesk\n", false},
		{"of another name before", "records.gen.go", emit.Header + "\npackage old\n", false},
		{"tests from outside", "x_test.go", "package acmedesk_test\n", false},
		{"a file that is ignored", "gen.go", "//go:build ignore\n\npackage main\n", false},
		{"a file that Go leaves out", "_x.go", "package x\n", false},
		{"documentation", "doc.go", "package documentation\n", false},
		{"no Go", "x.go", "hello\n", false},
	} {
		dir := t.TempDir()
		file := write(t, filepath.Join(dir, test.file), test.text)
		for _, args := range [][]string{{"-check", "-breaking", "-o", dir, acme}, {"-o", dir, acme}} {
			status, _, stderr := agentsGen(args...)
			said := strings.Contains(stderr, file) && strings.Contains(stderr, "-package") != strings.HasPrefix(test.file, "main") && strings.Contains(stderr, "-o")
			if test.refused && (status != 2 || !said) || !test.refused && said {
				t.Errorf("%s: status %d, %s", test.name, status, stderr)
			}
		}
		if n := len(files(t, dir)); test.refused != (n == 1) {
			t.Errorf("%s: the folder has %d files", test.name, n)
		}
	}
}

func TestCheck(t *testing.T) {
	data := read(t, acme)
	tests := []struct {
		name, old, now string
		want           []string // the beginnings of lines, all of them
	}{
		{"a description", "Key of the project", "Key of a project", []string{"compatible: entity_tickets.gen.go differs"}},
		{"the version", "version: 1.4.0", "version: 1.4.1", []string{
			"compatible: connector.gen.go", "compatible: entity_audits", "compatible: entity_connector", "compatible: entity_limits", "compatible: entity_macros",
			"compatible: entity_summaries", "compatible: entity_tickets", "compatible: entity_type", "compatible: records",
		}},
		{"a property more", "        labels:", "        more: {type: string}\n        labels:", []string{"compatible: field Ticket.More is new"}},
		{"a property less", "        due_on: {type: [string, \"null\"], format: date}\n", "", []string{"breaking: field Ticket.DueOn is gone"}},
		{"another type", "priority: {type: integer, enum: [1, 2, 3]}", "priority: {type: string}", []string{"breaking: field Ticket.Priority is string now"}},
		{"null", "user_id: {type: integer}", "user_id: {type: [integer, 'null']}", []string{"breaking: field Ticket.UserID2 is *int64 now"}},
		{"an enum value less", `enum: [open, "on hold", "+1", "", null]`, `enum: [open, "on hold", "", null]`, []string{"breaking: const TicketStatePlus1 is gone"}},
		{"an enum value more", `enum: [open, "on hold", "+1", "", null]`, `enum: [open, "on hold", "+1", "", null, new]`, []string{"compatible: const TicketStateNew is new"}},
		{"newly required, in a read", "name: state, in: query,", "name: state, in: query, required: true,", []string{"breaking: field TicketsListParams.State is required now"}},
		{"newly required, in a write", "required: [subject]", "required: [subject, private]", []string{"breaking: field TicketsCreateParams.Private is required now: it is bool, and was *bool"}},
		{"newly required, inside", "required: [kind], properties: {kind: {type: string}, body", "required: [kind, size], properties: {kind: {type: string}, size: {type: integer}, body", []string{"breaking: field TicketsCreateParts.Size is new and required"}},
		{"not required any more", "name: project, in: query, required: true", "name: project, in: query", []string{"compatible: field TicketsListParams.Project is not required any more"}},
		{"an action less", "      x-airbyte-action: archive                  # an action of its own\n", "", []string{"breaking: func Tickets.Archive is gone", "breaking: type TicketsArchiveParams is gone"}},
		{"an entity more", "  /v1/ping: {get: {summary: No entity,", "  /v1/ping: {get: {x-airbyte-entity: pings, x-airbyte-action: get,", []string{
			"compatible: entity_pings.gen.go is new", "compatible: field Connector.Pings is new", "compatible: func Pings.Get is new", "compatible: type Pings is new",
		}},
		{"an entity less", "      x-airbyte-entity: limits ", "      x-entity: limits ", []string{
			"breaking: field Connector.Limits is gone", "breaking: func Limits.All is gone", "breaking: func Limits.List is gone", "breaking: type Limits is gone",
			"breaking: type LimitsListRecord is gone", "compatible: entity_limits.gen.go is not needed any more",
		}},
		{"another name", "userId: {type: string", "user__id: {type: string", []string{"breaking: field Ticket.UserID is int64 now", "breaking: field Ticket.UserID2 is string now"}},
		{"paging", "x-airbyte-no-pagination: One page", "x-airbyte-no-pagination: No", nil},
		{"how pages turn", "minimum: 1, default: 50", "minimum: 1, default: 20", []string{"compatible: entity_tickets.gen.go differs"}},
		{"a first parameter", "      x-airbyte-no-pagination: One page\n", "      parameters: [{name: x, in: query, schema: {type: string}}]\n", []string{
			"breaking: func Type.All takes TypeListParams now, it took nothing", "breaking: func Type.List takes TypeListParams now, it took nothing", "compatible: type TypeListParams is new",
		}},
		{"another result", "{schema: {type: array, items: {type: string}}}", "{schema: {type: array, items: {type: integer}}}", []string{
			"breaking: func Type.All returns iter.Seq2[int64, error] now, it returned iter.Seq2[string, error]", "breaking: func Type.List returns []int64, *client.Result, error now",
		}},
		{"another connector", "x-airbyte-connector-name: acme-desk", "x-airbyte-connector-name: acmedesk", []string{
			`breaking: func Connect asks for "acmedesk" now, it asked for "acme-desk"`,
			"compatible: entity_audits", "compatible: entity_connector", "compatible: entity_limits", "compatible: entity_macros",
			"compatible: entity_summaries", "compatible: entity_tickets", "compatible: entity_type", "compatible: records",
		}},
		{"another name of an action", "x-airbyte-action: archive ", "x-airbyte-action: Archive ", []string{`breaking: func Tickets.Archive asks for "tickets.Archive" now, it asked for "tickets.archive"`}},
		{"another name of an entity in the store", "- entity: macros", "- entity: Macros", []string{`breaking: func Macros.Search asks for "Macros" now, it asked for "macros"`, "compatible: connector.gen.go differs"}},
	}
	for _, test := range tests {
		dir := t.TempDir()
		if status, _, stderr := agentsGen("-o", filepath.Join(dir, "out"), acme); status != 0 {
			t.Fatal(stderr)
		}
		if strings.Count(data, test.old) != 1 {
			t.Fatalf("%s: %q is in the document %d times", test.name, test.old, strings.Count(data, test.old))
		}
		before := files(t, filepath.Join(dir, "out"))
		changed := write(t, filepath.Join(dir, "changed.yaml"), strings.Replace(data, test.old, test.now, 1))
		status, stdout, stderr := agentsGen("-check", "-o", filepath.Join(dir, "out"), changed)
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		if stdout == "" {
			lines = nil
		}
		ok := len(lines) == len(test.want) && status == min(len(lines), 1) && !strings.Contains(stderr, "agents-gen: ")
		for i := range min(len(lines), len(test.want)) {
			ok = ok && strings.HasPrefix(lines[i], test.want[i])
		}
		if !ok {
			t.Errorf("%s: status %d, stderr %q\n%s\nwant %q", test.name, status, stderr, stdout, test.want)
		}
		want := 0
		if strings.Contains(stdout, "breaking: ") {
			want = 1
		}
		if status, again, _ := agentsGen("-check", "-breaking", "-o", filepath.Join(dir, "out"), changed); status != want || again != stdout {
			t.Errorf("%s: -breaking: status %d\n%s", test.name, status, again)
		}
		after := files(t, filepath.Join(dir, "out"))
		for name := range before {
			if before[name] != after[name] {
				t.Errorf("%s: -check wrote %s", test.name, name)
			}
		}
	}

	none := filepath.Join(t.TempDir(), "none")
	if status, stdout, stderr := agentsGen("-check", "-breaking", "-o", none, acme); status != 2 || stdout != "" || !strings.Contains(stderr, none+" has no package that agents-gen wrote") {
		t.Errorf("without a folder: status %d, %s, %s", status, stdout, stderr)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("-check made the folder")
	}
}

// An enumeration of the components is one type, wherever it is used; one that stands
// inline is a type of each place.
func TestSharedEnumerations(t *testing.T) {
	document, _ := lumen(t)
	inline, _ := made(t, []byte(document))
	shared, _ := made(t, []byte(strings.NewReplacer(
		"schema: {type: string, enum: [new, won, lost]}", `schema: {$ref: "#/components/schemas/Stage"}`,
		`stage: {type: [string, "null"], enum: [new, won, lost, null]}`, `stage: {oneOf: [{$ref: "#/components/schemas/Stage"}, {type: "null"}]}`,
		"    DealPage:", "    Stage: {type: string, enum: [new, won, lost]}\n    DealPage:",
	).Replace(document)))
	for name, test := range map[string]struct {
		files []emit.File
		types int
	}{"inline": {inline, 3}, "shared": {shared, 1}} {
		compile(t, test.files)
		if n := len(regexp.MustCompile(`(?m)^type \w*Stage string$`).FindAllString(source(test.files), -1)); n != test.types {
			t.Errorf("%s: there are %d types, want %d", name, n, test.types)
		}
	}
}

// What a field says does not read as if it were for those that follow.
func TestComments(t *testing.T) {
	document, _ := lumen(t)
	files, _ := made(t, []byte(document))
	text := source(files)
	for _, want := range []string{
		"\t// Required.\n\tPipeline string `json:\"pipeline\"`\n\n\tStage DealsListStage", "\t// The vendor's default is 25.\n\tLimit int64 `json:\"limit,omitzero\"`\n\n\tCursor string",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s\n%s", want, text)
		}
	}
}

func TestCompiles(t *testing.T) {
	files, _ := made(t, []byte(read(t, acme)))
	p := compile(t, files)
	for name, want := range map[string]string{
		"Connect": "func(ctx context.Context, opts ...github.com/airbyte-agents/airbyte-agents-go/client.Option) (*x.Connector, error)",
		"New":     "func(conn *github.com/airbyte-agents/airbyte-agents-go/client.Connector) *x.Connector",
	} {
		if got := p.Scope().Lookup(name).Type().String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for _, entities := range [][]string{{"tickets"}, {"connector"}, {"macros"}, {"type", "audits"}} {
		files, _ := made(t, []byte(read(t, acme)), entities...)
		compile(t, files)
	}
}

// The package of the example is what the command makes of its document.
func TestExampleIsUpToDate(t *testing.T) {
	dir := filepath.Dir(acme)
	if status, stdout, stderr := agentsGen("-check", "-o", filepath.Join(dir, "acmedesk"), "-fake", filepath.Join(dir, "acme.fake.json"), acme); status != 0 {
		t.Errorf("status %d; run go generate ./examples/typed\n%s%s", status, stdout, stderr)
	}
}

// The package tells with which flags it was made, since -check needs them.
func TestFlagsAreTold(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"-entities", "type,limits", "-package", "desk"}, "// Made with -entities limits,type -package desk, which -check needs, too.\n"},
	} {
		args := append(test.args, "-o", filepath.Join(dir, "x"), acme)
		if status, _, stderr := agentsGen(args...); status != 0 {
			t.Fatal(stderr)
		}
		text := read(t, filepath.Join(dir, "x", "connector.gen.go"))
		if !strings.Contains(text, test.want) || test.want == "" && strings.Contains(text, "Made with") {
			t.Errorf("%v: %s", test.args, text)
		}
		if status, stdout, _ := agentsGen(append([]string{"-check"}, args...)...); status != 0 {
			t.Errorf("%v: -check says %s", test.args, stdout)
		}
	}
}
