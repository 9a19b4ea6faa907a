// Apisnapshot prints the exported API of the packages in the given directories, one
// declaration per line and without comments. If a line disappears, a promise is
// broken.
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	for _, dir := range os.Args[1:] {
		lines, err := declarations(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "apisnapshot:", err)
			os.Exit(1)
		}
		for _, line := range lines {
			fmt.Println(line)
		}
	}
}

var fset = token.NewFileSet()

func declarations(dir string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				function(d, say)
			case *ast.GenDecl:
				general(d, say)
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

func function(d *ast.FuncDecl, say func(string, ...any)) {
	if !d.Name.IsExported() {
		return
	}
	signature := strings.TrimPrefix(text(d.Type), "func")
	if d.Recv == nil {
		say("func %s%s", d.Name.Name, signature)
		return
	}
	of := text(d.Recv.List[0].Type)
	if ast.IsExported(strings.TrimLeft(of, "*")) {
		say("func (%s) %s%s", of, d.Name.Name, signature)
	}
}

func general(d *ast.GenDecl, say func(string, ...any)) {
	var kind ast.Expr // a constant without a type and a value repeats the previous ones
	var values []ast.Expr
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.ValueSpec:
			if d.Tok != token.CONST || s.Type != nil || len(s.Values) > 0 {
				kind, values = s.Type, s.Values
			}
			for i, name := range s.Names {
				if !name.IsExported() {
					continue
				}
				line := d.Tok.String() + " " + name.Name
				if kind != nil {
					line += " " + text(kind)
				}
				if d.Tok == token.CONST && i < len(values) {
					line += " = " + text(values[i])
				}
				say("%s", line)
			}
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				typ(s, say)
			}
		}
	}
}

func typ(s *ast.TypeSpec, say func(string, ...any)) {
	name := s.Name.Name
	if s.TypeParams != nil {
		// Printed as part of a function type, since there is no other printer
		// for type parameters.
		name += strings.TrimSuffix(strings.TrimPrefix(text(&ast.FuncType{TypeParams: s.TypeParams, Params: &ast.FieldList{}}), "func"), "()")
	}
	if s.Assign.IsValid() {
		name += " ="
	}
	var members *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		say("type %s struct", name)
		members = t.Fields
	case *ast.InterfaceType:
		say("type %s interface", name)
		members = t.Methods
	default:
		say("type %s %s", name, text(s.Type))
		return
	}
	for _, m := range members.List {
		if len(m.Names) == 0 {
			say("type %s embeds %s", s.Name.Name, text(m.Type))
		}
		for _, n := range m.Names {
			if n.IsExported() {
				tag := ""
				if m.Tag != nil {
					tag = " " + m.Tag.Value
				}
				say("field %s.%s %s%s", s.Name.Name, n.Name, text(m.Type), tag)
			}
		}
	}
}

// text returns an expression on one line.
func text(n any) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, fset, n); err != nil {
		return cmp.Or(err.Error(), "?")
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
