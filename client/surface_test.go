package client_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each package must have an example of its own, and its documentation must show
// every example as a whole program that can be run.
func TestExamplesAreShown(t *testing.T) {
	for _, dir := range []string{".", "../auth", "../agentstest", "../agenttools", "../agentsmcp", "../gen"} {
		p, files := parseDir(t, dir)
		shown := slices.Clone(p.Examples)
		if len(shown) == 0 {
			t.Errorf("%s: the package has no example", dir)
		}
		for _, f := range p.Funcs {
			shown = append(shown, f.Examples...)
		}
		for _, typ := range p.Types {
			shown = append(shown, typ.Examples...)
			for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
				shown = append(shown, f.Examples...)
			}
		}
		for _, e := range doc.Examples(files...) {
			if e.Play == nil || e.Output == "" {
				t.Errorf("%s: Example%s cannot be run by itself; does it use what another file declares?", dir, e.Name)
			}
			if !slices.ContainsFunc(shown, func(s *doc.Example) bool { return s.Name == e.Name }) {
				t.Errorf("%s: Example%s is shown nowhere", dir, e.Name)
			}
		}
	}
}

// Every exported function and type must have a comment that begins with its name.
func TestEveryExportedNameHasAComment(t *testing.T) {
	for _, dir := range []string{".", "../auth", "../agentstest", "../agenttools", "../agentsmcp"} {
		p, _ := parseDir(t, dir)
		check := func(name, text string) {
			for _, article := range []string{"A ", "An ", "The "} {
				text = strings.TrimPrefix(text, article)
			}
			if !strings.HasPrefix(text, name+" ") {
				t.Errorf("%s: the comment of %s is %.40q", dir, name, text)
			}
		}
		for _, f := range p.Funcs {
			check(f.Name, f.Doc)
		}
		for _, typ := range p.Types {
			check(typ.Name, typ.Doc)
			for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
				check(f.Name, f.Doc)
			}
		}
	}
}

// parseDir parses the package in a directory, and its tests.
func parseDir(t *testing.T, dir string) (p *doc.Package, files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(len(names), err)
	}
	fset := token.NewFileSet()
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	p, err = doc.NewFromFiles(fset, slices.Clone(files), dir)
	if err != nil {
		t.Fatal(err)
	}
	return p, files
}

// Every exported function that may send a request must have an example.
func TestEveryCallHasAnExample(t *testing.T) {
	var calls []string
	examples := map[string]bool{}
	for fn, isTest := range functions(t) {
		name, isExample := strings.CutPrefix(fn.Name.Name, "Example")
		switch {
		case isTest && isExample:
			parts := strings.Split(name, "_")
			examples[parts[0]] = true
			if len(parts) > 1 {
				examples[parts[0]+"_"+parts[1]] = true
			}
		case !isTest && fn.Name.IsExported() && takesContext(fn):
			if name := exampleName(fn); ast.IsExported(name) {
				calls = append(calls, name)
			}
		}
	}
	if len(calls) < 50 {
		t.Errorf("only %d calls were found: %v", len(calls), calls)
	}
	for _, name := range calls {
		if !examples[name] {
			t.Errorf("no Example%s", name)
		}
	}
}

// Every exported option must be used by a test, not only by an example.
func TestEveryOptionIsTested(t *testing.T) {
	var options []string
	used := map[string]bool{}
	for fn, isTest := range functions(t) {
		switch {
		case isTest && !strings.HasPrefix(fn.Name.Name, "Example"):
			ast.Inspect(fn, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					used[sel.Sel.Name] = true
				}
				return true
			})
		case !isTest && fn.Name.IsExported() && fn.Recv == nil && returnsOption(fn):
			options = append(options, fn.Name.Name)
		}
	}
	if len(options) < 20 {
		t.Errorf("only %d options were found: %v", len(options), options)
	}
	for _, name := range options {
		if !used[name] {
			t.Errorf("no test uses %s", name)
		}
	}
}

// functions yields the functions of the package, and whether each is in a test
// file.
func functions(t *testing.T) iter.Seq2[*ast.FuncDecl, bool] {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(*ast.FuncDecl, bool) bool) {
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && !yield(fn, strings.HasSuffix(f.Name(), "_test.go")) {
					return
				}
			}
		}
	}
}

func takesContext(fn *ast.FuncDecl) bool {
	for _, p := range fn.Type.Params.List {
		if sel, ok := p.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Context" {
			return true
		}
	}
	return false
}

func returnsOption(fn *ast.FuncDecl) bool {
	if fn.Type.Results == nil || len(fn.Type.Results.List) != 1 {
		return false
	}
	name, ok := fn.Type.Results.List[0].Type.(*ast.Ident)
	return ok && strings.HasSuffix(name.Name, "Option")
}

// exampleName returns the name of an example of fn, without "Example".
func exampleName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	name, ok := typ.(*ast.Ident)
	if !ok {
		return ""
	}
	return name.Name + "_" + fn.Name.Name
}
