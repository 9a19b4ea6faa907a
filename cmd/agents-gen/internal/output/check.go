package output

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/emit"
)

// Check compares files with those in a folder. It returns one line for each difference,
// which begins with "breaking: " or "compatible: ".
func Check(path string, files []emit.File) ([]string, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if err := f.inTheWay(files); err != nil {
		return nil, err
	}
	if len(f.own) == 0 {
		return nil, fmt.Errorf("%s has no package that agents-gen wrote: name the folder of one with -o, or leave out -check", path)
	}
	before, after := surface{}, surface{}
	same := true
	for _, name := range slices.Sorted(maps.Keys(f.own)) {
		before.add(name, f.own[name])
		same = same && contains(files, name)
	}
	for _, file := range files {
		after.add(file.Name, file.Data)
		same = same && bytes.Equal(file.Data, f.own[file.Name])
	}
	if same {
		return nil, nil
	}
	lines, told := compare(before, after)
	for _, file := range files { // what has another reason: comments, or how pages turn
		old, existed := f.own[file.Name]
		switch {
		case !existed:
			lines = append(lines, fmt.Sprintf("compatible: %s is new", file.Name))
		case !bytes.Equal(file.Data, old) && !told[file.Name]:
			lines = append(lines, fmt.Sprintf("compatible: %s differs in comments or in how its calls are made", file.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.own)) {
		if !contains(files, name) {
			lines = append(lines, fmt.Sprintf("compatible: %s is not needed any more", name))
		}
	}
	slices.Sort(lines)
	return lines, nil
}

// A surface is what a package exports, by name.
type surface map[string]item

// An item is something that is exported.
type item struct {
	file     string
	what     string   // its kind
	is       string   // its type, or its value
	in       string   // the struct that a field is in
	required bool     // a field without omitzero
	wire     string   // the name of a field in JSON, or what a func asks for
	takes    string   // the parameters of a func, but for the context and options
	returns  string   // its results
	runs     []string // the names that it uses: that of a variable with an action is among them
	uses     []string
	input    bool // a struct that is sent
}

// add adds what a file exports. A file that cannot be parsed exports nothing.
func (s surface) add(file string, source []byte) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return
	}
	show := func(n ast.Node) string {
		var b bytes.Buffer
		_ = format.Node(&b, fset, n)
		return b.String()
	}
	for _, d := range parsed.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil && len(d.Recv.List) == 1 {
				name = strings.TrimPrefix(show(d.Recv.List[0].Type), "*") + "." + name
			}
			it := item{file: file, what: "func", is: signature(show, d.Type), takes: types(show, d.Type.Params), returns: types(show, d.Type.Results)}
			it.asks(d.Body)
			s[name] = it
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					s.typeSpec(file, show, spec)
				case *ast.ValueSpec:
					if d.Tok == token.VAR {
						s.action(spec)
					}
					if d.Tok == token.CONST && len(spec.Names) == 1 && len(spec.Values) == 1 {
						is := show(spec.Values[0])
						if spec.Type != nil {
							is = show(spec.Type) + " " + is
						}
						s[spec.Names[0].Name] = item{file: file, what: "const", is: is}
					}
				}
			}
		}
	}
}

// asks finds what the body of a func asks the service for: the text in it, such as a
// connector, or the variable that describes an action.
func (it *item) asks(body *ast.BlockStmt) {
	if body == nil {
		return
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				it.wire = text
			}
		case *ast.Ident:
			it.runs = append(it.runs, n.Name)
		}
		return true
	})
}

// action adds a variable that describes an action.
func (s surface) action(spec *ast.ValueSpec) {
	if len(spec.Names) != 1 || len(spec.Values) != 1 {
		return
	}
	lit, ok := spec.Values[0].(*ast.CompositeLit)
	if !ok {
		return
	}
	var names []string
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if value, ok := kv.Value.(*ast.BasicLit); ok && value.Kind == token.STRING { // Entity and Name
			text, _ := strconv.Unquote(value.Value)
			names = append(names, text)
		}
	}
	s[spec.Names[0].Name] = item{what: "action", wire: strings.Join(names, ".")}
}

// settle gives the funcs that run an action its names.
func (s surface) settle() {
	for name, it := range s {
		for _, used := range it.runs {
			if v := s[used]; v.what == "action" {
				it.wire = v.wire
				s[name] = it
			}
		}
	}
	maps.DeleteFunc(s, func(_ string, it item) bool { return it.what == "action" })
}

// signature returns the type of a function without the names of parameters.
func signature(show func(ast.Node) string, f *ast.FuncType) string {
	return fmt.Sprintf("[%s](%s)(%s)", types(show, f.TypeParams), types(show, f.Params), types(show, f.Results))
}

// types lists types, but for those that every action takes.
func types(show func(ast.Node) string, list *ast.FieldList) string {
	var all []string
	if list != nil {
		for _, p := range list.List {
			for range max(len(p.Names), 1) {
				if t := show(p.Type); t != "context.Context" && t != "...client.ExecuteOption" {
					all = append(all, t)
				}
			}
		}
	}
	return strings.Join(all, ", ")
}

func (s surface) typeSpec(file string, show func(ast.Node) string, spec *ast.TypeSpec) {
	name := spec.Name.Name
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		s[name] = item{file: file, what: "type", is: show(spec.Type)}
		return
	}
	t := item{file: file, what: "type", is: "struct"}
	for _, f := range fields.Fields.List {
		for _, id := range f.Names {
			if !id.IsExported() {
				continue
			}
			it := item{file: file, what: "field", is: show(f.Type), in: name}
			if f.Tag != nil {
				text, _ := strconv.Unquote(f.Tag.Value)
				tag := reflect.StructTag(text).Get("json")
				wire, options, _ := strings.Cut(tag, ",")
				it.wire, it.required = wire, !strings.Contains(options, "omitzero")
				if tag == "-" { // Extra of the parameters of an action
					t.input, it.required = true, false
				}
			}
			ast.Inspect(f.Type, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					t.uses = append(t.uses, id.Name)
				}
				return true
			})
			s[name+"."+id.Name] = it
		}
	}
	s[name] = t
}

// sent returns the structs that are sent.
func (s surface) sent() map[string]bool {
	sent := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if sent[name] || s[name].what != "type" {
			return
		}
		sent[name] = true
		for _, used := range s[name].uses {
			visit(used)
		}
	}
	for name, it := range s {
		if it.input {
			visit(name)
		}
	}
	return sent
}

// compare lists the differences between two surfaces, and the files that they are in.
func compare(before, after surface) (lines []string, files map[string]bool) {
	files = map[string]bool{}
	before.settle()
	after.settle()
	add := func(it item, format string, args ...any) {
		files[it.file] = true
		lines = append(lines, fmt.Sprintf(format, args...))
	}
	sent := after.sent()
	for name, old := range before {
		now, ok := after[name]
		_, kept := after[old.in]
		switch {
		case !ok && old.in != "" && !kept: // its type is gone
			files[old.file] = true
		case !ok:
			add(old, "breaking: %s %s is gone", old.what, name)
		case old.what != now.what:
			add(now, "breaking: %s is a %s now, it was a %s", name, now.what, old.what)
		case old.takes != now.takes:
			add(now, "breaking: func %s takes %s now, it took %s", name, some(now.takes), some(old.takes))
		case old.returns != now.returns:
			add(now, "breaking: func %s returns %s now, it returned %s", name, some(now.returns), some(old.returns))
		case old.is == "*"+now.is && !old.required && now.required && sent[now.in]:
			add(now, "breaking: field %s is required now: it is %s, and was %s", name, now.is, old.is)
		case old.is != now.is:
			add(now, "breaking: %s %s is %s now, it was %s", now.what, name, now.is, old.is)
		case old.wire != now.wire && now.what == "func":
			add(now, "breaking: func %s asks for %q now, it asked for %q", name, now.wire, old.wire)
		case old.wire != now.wire:
			add(now, "breaking: field %s stands for %q now, it was %q", name, now.wire, old.wire)
		case !old.required && now.required && sent[now.in]:
			add(now, "breaking: field %s is required now", name)
		case old.required && !now.required:
			add(now, "compatible: field %s is not required any more", name)
		}
	}
	for name, now := range after {
		if _, ok := before[name]; ok {
			continue
		}
		_, existed := before[now.in]
		switch {
		case now.in != "" && !existed: // its type is new
			files[now.file] = true
		case now.in != "" && now.required && sent[now.in]:
			add(now, "breaking: field %s is new and required", name)
		default:
			add(now, "compatible: %s %s is new", now.what, name)
		}
	}
	return lines, files
}

// some returns a list of types, or says that there are none.
func some(types string) string { return cmp.Or(types, "nothing") }
