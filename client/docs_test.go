package client_test

import (
	"go/ast"
	"go/doc"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documented are the packages whose documentation users read, by name.
var documented = map[string]string{"client": ".", "auth": "../auth", "agentstest": "../agentstest", "gen": "../gen"}

// Every link in a comment must lead to a name that exists.
func TestLinksInComments(t *testing.T) {
	exported := map[string]map[string]bool{}
	for name, dir := range documented {
		_, files := parseDir(t, dir)
		exported[name] = exportedNames(files)
	}
	link := regexp.MustCompile(`\[\*?(?:([a-z]\w*)\.)?([A-Z]\w*(?:\.[A-Z]\w*)?)\](?:[^(:]|$)`)
	found := 0
	for name, dir := range documented {
		p, _ := parseDir(t, dir)
		for about, text := range comments(p) {
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				in := name
				if m[1] != "" {
					in = m[1]
				}
				if exported[in] == nil || m[2] == "REDACTED" || m[2] == "T" {
					continue // another module, or no link
				}
				if found++; !exported[in][m[2]] {
					t.Errorf("%s: the comment of %s has a link to %s.%s, which does not exist", dir, about, in, m[2])
				}
			}
		}
	}
	if found < 300 {
		t.Errorf("only %d links were found", found)
	}
}

// exportedNames returns the exported names that files declare: Name, Type.Method and
// Type.Field.
func exportedNames(files []*ast.File) map[string]bool {
	names := map[string]bool{}
	for _, file := range files {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				names[strings.ReplaceAll(exampleName(fn), "_", ".")] = true
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				return false
			case *ast.ValueSpec:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			case *ast.TypeSpec:
				names[n.Name.Name] = true
				if s, ok := n.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, name := range f.Names {
							names[n.Name.Name+"."+name.Name] = true
						}
					}
				}
			}
			return true
		})
	}
	return names
}

// comments returns the comments in the documentation of p, by what they are about.
func comments(p *doc.Package) map[string]string {
	texts := map[string]string{"package " + p.Name: p.Doc}
	values := func(list []*doc.Value) {
		for _, v := range list {
			texts[strings.Join(v.Names, ", ")] = v.Doc + commentsIn(v.Decl)
		}
	}
	values(p.Consts)
	values(p.Vars)
	for _, f := range p.Funcs {
		texts[f.Name] = f.Doc
	}
	for _, typ := range p.Types {
		texts[typ.Name] = typ.Doc + commentsIn(typ.Decl)
		values(typ.Consts)
		values(typ.Vars)
		for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
			texts[typ.Name+"."+f.Name] = f.Doc
		}
	}
	return texts
}

// commentsIn returns the comments inside a declaration, of fields and of values.
func commentsIn(decl ast.Node) string {
	var b strings.Builder
	ast.Inspect(decl, func(n ast.Node) bool {
		if group, ok := n.(*ast.CommentGroup); ok {
			b.WriteString("\n" + group.Text())
		}
		return true
	})
	return b.String()
}

// Functions that return a type of the package must stand under that type in its
// documentation. Variables of type error make go doc, which then takes error for a type
// of the package, list all that return an error elsewhere.
func TestConstructorsStandUnderTheirTypes(t *testing.T) {
	for name, want := range map[string][]string{
		"client": {"All", "AllOf", "ConsentResult", "DecodeRows", "HTTPStatus", "IsRead", "MarshalFields", "NewTransport", "Rows", "SQL", "Search", "SearchByMeaning", "SearchOf", "ValueOf"},
		"auth":   {"Configure", "ToOAuth2", "Unconfigure"},
	} {
		p, files := parseDir(t, documented[name])
		var got []string
		for _, f := range p.Funcs {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: under no type are %q, want %q", name, got, want)
		}
		for _, file := range files {
			for _, decl := range file.Decls {
				for _, v := range typedErrors(decl) {
					t.Errorf("%s: %s has the type error; convert its value instead", name, v)
				}
			}
		}
	}
}

// typedErrors returns the exported variables in decl that are declared with the type
// error.
func typedErrors(decl ast.Decl) (names []string) {
	vars, ok := decl.(*ast.GenDecl)
	if !ok || vars.Tok != token.VAR {
		return nil
	}
	for _, spec := range vars.Specs {
		v := spec.(*ast.ValueSpec)
		if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "error" && v.Names[0].IsExported() {
			names = append(names, v.Names[0].Name)
		}
	}
	return names
}
