package model

import (
	"cmp"
	"fmt"
	"go/build"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/names"
)

// Build makes the package of a document.
func Build(d *document.Document) *Package {
	b := &builder{
		d:       d,
		pkg:     &Package{Slug: d.Slug, Title: d.Title, Version: d.Version, DefinitionID: d.DefinitionID, Notes: slices.Clone(d.Notes), LeftOut: d.LeftOut, Untyped: d.Untyped},
		views:   map[*document.Schema]*document.View{},
		places:  map[*document.Schema]place{},
		records: map[*document.Schema]*Decl{},
		inputs:  map[*document.Schema]*Decl{},
		enums:   map[*document.Schema]*Decl{},
		runs:    map[*Action][]document.Operation{},
		within:  map[*document.Schema]bool{},
	}
	for _, s := range d.Schemas {
		b.place(s, place{want: names.Exported(s.Name), key: s.Name, rank: rankSchema})
	}
	// Every schema of the components claims its name, so that names do not depend on
	// which of them are used.
	for _, s := range d.Schemas {
		b.record(s)
	}
	b.entities()
	b.settle()
	b.breakCycles()
	b.pkg.builder = b
	return b.pkg
}

// The ranks of claims, those that come first having the lower ones.
const (
	rankParams = iota // names that follow from the document's entities and actions alone
	rankSchema
	rankStore
	rankEntity
	rankInput
	rankInline
	rankConst
)

// A place is where a schema stands in the document, as far as names are concerned.
type place struct {
	want, key string
	rank      int
	owner     *Entity // whose parameters or store it is in; nil for records
}

type builder struct {
	d       *document.Document
	pkg     *Package
	views   map[*document.Schema]*document.View
	places  map[*document.Schema]place
	records map[*document.Schema]*Decl
	inputs  map[*document.Schema]*Decl
	enums   map[*document.Schema]*Decl
	runs    map[*Action][]document.Operation
	within  map[*document.Schema]bool // the arrays and maps whose elements are being looked at
	decls   []*Decl                   // in the order of their making, which names do not depend on
}

func (b *builder) view(s *document.Schema) *document.View {
	if v, ok := b.views[s]; ok {
		return v
	}
	v := s.View()
	b.views[s] = v
	return v
}

// maxName is how long names of types grow by nesting.
const maxName = 200

// place says where a schema and those inside it stand, unless that is known.
func (b *builder) place(s *document.Schema, at place) {
	if s == nil {
		return
	}
	if _, ok := b.places[s]; ok {
		return
	}
	if len(at.want) > maxName {
		at.want = strings.ToValidUTF8(at.want[:maxName], "")
	}
	b.places[s] = at
	inside := func(want, key string) place { return place{at.want + want, at.key + key, rankInline, at.owner} }
	for _, p := range s.Properties {
		b.place(p.Schema, inside(names.Part(p.Name), "."+p.Name))
	}
	b.place(s.Items, inside("", ""))
	b.place(s.Additional, inside("Value", ".*"))
	for _, parts := range [][]*document.Schema{s.AllOf, s.OneOf, s.AnyOf} {
		for _, part := range parts {
			b.place(part, inside("", ""))
		}
	}
}

// declare returns a new declaration for the schema at a place.
func (b *builder) declare(s *document.Schema, doc string, input bool) *Decl {
	at := b.places[s]
	d := &Decl{Name: names.Claim{Want: at.want, Key: at.key, Rank: at.rank, Else: at.want + "Entity"}, Doc: doc, Input: input, Owner: at.owner}
	if input && s.Name != "" {
		d.Name.Want, d.Name.Else, d.Name.Rank = at.want+"Input", "", rankInput
	}
	b.decls = append(b.decls, d)
	return d
}

// record returns the type of a part of a record.
func (b *builder) record(s *document.Schema) *Type {
	if s == nil {
		return &Type{Kind: Raw, Why: "nothing describes it"}
	}
	v := b.view(s)
	t := &Type{}
	switch v.Kind() {
	case document.Any:
		t.Kind, t.Why = Raw, v.Unknown()
	case document.String:
		t = b.text(v)
	case document.Time:
		t.Kind = Time
	case document.Integer:
		t.Kind, t.Pointer = Int, v.Nullable
	case document.Number:
		t.Kind, t.Pointer = Float, v.Nullable
	case document.Boolean:
		t.Kind, t.Pointer = Bool, v.Nullable
	case document.Array, document.Map:
		leave, ok := b.enter(v)
		if !ok {
			return &Type{Kind: Raw, Why: circular}
		}
		defer leave()
		if t.Kind = Slice; v.Kind() == document.Map {
			t.Kind = Map
		}
		t.Elem = b.record(elements(v))
	case document.Object:
		t.Kind, t.Decl, t.Pointer = Named, b.object(v, false), v.Nullable
	}
	return t
}

// elements returns the schema of the elements of an array or a map.
func elements(v *document.View) *document.Schema {
	if v.Kind() == document.Map {
		return v.Additional
	}
	return v.Items
}

// circular is why an array or a map that contains itself has no type.
const circular = "it contains itself"

// enter begins to look at the elements of an array or a map. It reports false if that
// has begun already: it contains itself, without an object in between.
func (b *builder) enter(v *document.View) (leave func(), ok bool) {
	if b.within[v.Of] {
		return nil, false
	}
	b.within[v.Of] = true
	return func() { delete(b.within, v.Of) }, true
}

// text returns string, or the type of an enumeration.
func (b *builder) text(v *document.View) *Type {
	values := v.Values()
	if len(values) == 0 {
		return &Type{Kind: String}
	}
	d, ok := b.enums[v.Of]
	if !ok {
		b.place(v.Of, place{want: "Value", rank: rankInline})
		d = b.declare(v.Of, v.Of.Description, false)
		b.enums[v.Of] = d
		for _, value := range values {
			d.Enum = append(d.Enum, &Const{Wire: value})
		}
	}
	return &Type{Kind: Named, Decl: d}
}

// object returns the declaration of a struct.
func (b *builder) object(v *document.View, input bool) *Decl {
	known := b.records
	if input {
		known = b.inputs
	}
	if d, ok := known[v.Of]; ok {
		return d
	}
	b.place(v.Of, place{want: "Value", rank: rankInline})
	d := b.declare(v.Of, v.Of.Description, input)
	known[v.Of] = d
	within := b.within
	b.within = map[*document.Schema]bool{} // the types of fields do not depend on where the object was found
	defer func() { b.within = within }()
	if v.Open {
		d.Extra = &Type{Kind: Raw}
		switch {
		case v.Additional != nil && !input:
			d.Extra = b.record(v.Additional)
		case v.Additional != nil:
			d.Extra = b.value(v.Additional)
		case input:
			d.Extra = &Type{Kind: Any}
		}
	}
	for _, p := range v.Properties {
		f := &Field{Wire: p.Name, Doc: p.Schema.Description}
		f.Name = names.Claim{Want: names.Exported(p.Name), Key: p.Name}
		if input {
			if b.view(p.Schema).ReadOnly {
				continue
			}
			f.Optional = !p.Required
			f.Type = b.written(p.Schema, p.Required)
		} else {
			f.Type = b.record(p.Schema)
		}
		d.add(f)
	}
	d.settle()
	return d
}

// add adds a field, if a struct tag can have its name.
func (d *Decl) add(f *Field) {
	if !taggable(f.Wire) {
		d.Left = append(d.Left, f)
		return
	}
	d.Fields = append(d.Fields, f)
}

// settle names the fields.
func (d *Decl) settle() {
	var s names.Scope
	var claims []*names.Claim
	if d.Input && d.Extra != nil {
		s.Reserve("MarshalJSON")
	}
	if d.Top || d.Extra != nil {
		d.extra = names.Claim{Want: "Extra", Rank: -1}
		claims = append(claims, &d.extra)
	}
	for _, f := range d.Fields {
		claims = append(claims, &f.Name)
	}
	s.Settle(claims)
}

// taggable reports whether both versions of encoding/json take a name from a struct tag.
func taggable(name string) bool {
	if name == "" || name == "-" { // "-" leaves a field out
		return false
	}
	for _, r := range name {
		switch {
		case r < 0x80 && strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r):
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case r >= 0x80 && names.Visible(r):
		default:
			return false
		}
	}
	return true
}

// value returns the type of a value that is sent, whatever it means that there is none.
func (b *builder) value(s *document.Schema) *Type {
	if s == nil {
		return &Type{Kind: Any}
	}
	v := b.view(s)
	t := &Type{}
	switch v.Kind() {
	case document.Any:
		t.Kind = Any
		if v.Unknown() == document.FreeForm {
			t = &Type{Kind: Map, Elem: &Type{Kind: Any}}
		}
	case document.String:
		t = b.text(v)
	case document.Time:
		t.Kind = Moment
	case document.Integer:
		t.Kind = Int
	case document.Number:
		t.Kind = Float
	case document.Boolean:
		t.Kind = Bool
	case document.Array, document.Map:
		leave, ok := b.enter(v)
		if !ok {
			return &Type{Kind: Any}
		}
		defer leave()
		if t.Kind = Slice; v.Kind() == document.Map {
			t.Kind = Map
		}
		t.Elem = b.element(elements(v))
	case document.Object:
		t.Kind, t.Decl = Named, b.object(v, true)
	}
	return t
}

// element returns the type of the elements of what is sent.
func (b *builder) element(s *document.Schema) *Type {
	t := b.value(s)
	if s != nil && b.view(s).Nullable && t.Kind != Any && t.Kind != Slice && t.Kind != Map {
		t.Pointer = true
	}
	return t
}

// written returns the type of a field that a write sends.
func (b *builder) written(s *document.Schema, required bool) *Type {
	t := b.value(s)
	switch {
	case b.view(s).Nullable:
		t.Nullable = true
	case required || t.Kind == Any || t.Kind == Slice || t.Kind == Map:
	default:
		t.Pointer = true
	}
	return t
}

// asked returns the type of a parameter of a read.
func (b *builder) asked(s *document.Schema, required bool) *Type {
	t := b.value(s)
	t.Pointer = !required && (t.Kind == Bool || t.IsStruct())
	return t
}

// entities makes the entities, from operations and from the context store.
func (b *builder) entities() {
	byName := map[string]*Entity{}
	entity := func(name string) *Entity {
		e, ok := byName[name]
		if !ok {
			e = &Entity{Wire: name}
			e.Base = names.Claim{Want: names.Exported(name), Key: name}
			byName[name] = e
		}
		return e
	}
	operations := map[*Entity]map[string][]document.Operation{}
	for _, o := range b.d.Operations {
		e := entity(o.Entity)
		if operations[e] == nil {
			operations[e] = map[string][]document.Operation{}
		}
		operations[e][o.Action] = append(operations[e][o.Action], o)
	}
	stores := map[*Entity]document.StoreEntity{}
	for _, s := range b.d.Store {
		stores[entity(s.Entity)] = s
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		b.pkg.Entities = append(b.pkg.Entities, byName[name])
	}
	b.pkg.nameEntities()
	for _, e := range b.pkg.Entities {
		actions := operations[e]
		for _, name := range slices.SortedFunc(maps.Keys(actions), byAction) {
			e.Actions = append(e.Actions, &Action{Wire: name})
		}
		if s, ok := stores[e]; ok {
			e.Store = &Store{Record: b.store(e, s), Fields: storeFields(e, s)}
		}
		e.nameMethods()
		for _, a := range e.Actions {
			b.runs[a] = actions[a.Wire]
			b.action(e, a, actions[a.Wire])
		}
		b.checkStore(e, stores[e])
	}
}

// nameEntities names what follows from the names of the entities alone.
func (p *Package) nameEntities() {
	var bases, fields, files names.Scope
	var claims []*names.Claim
	for _, e := range p.Entities {
		claims = append(claims, &e.Base)
	}
	bases.Settle(claims)
	var inFields, inFiles []*names.Claim
	fields.Reserve("Client")
	for _, e := range p.Entities {
		base := e.Base.Got
		e.Field = names.Claim{Want: base, Key: e.Wire, Else: base + "Entity"}
		e.Type = names.Claim{Want: base, Key: e.Wire, Else: base + "Entity", Rank: rankEntity}
		e.File = names.Claim{Want: fileName(e.Wire), Key: e.Wire}
		inFields, inFiles = append(inFields, &e.Field), append(inFiles, &e.File)
	}
	fields.Settle(inFields)
	files.Settle(inFiles)
}

// fileName returns the part of a file's name that is the entity's: one that makes no
// file of Go that is built for some systems or in tests alone.
func fileName(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, name)
	if s = s[:min(len(s), 100)]; strings.Trim(s, "_") == "" {
		s = "x"
	}
	if !Everywhere("entity_" + s + ".gen.go") {
		s += "_entity"
	}
	return s
}

// Everywhere reports whether Go reads a file on every system.
func Everywhere(file string) bool {
	ctx := build.Context{GOOS: "none", GOARCH: "none", Compiler: "gc"}
	ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("package x\n")), nil }
	ctx.JoinPath = func(elem ...string) string { return strings.Join(elem, "/") }
	stem := strings.TrimSuffix(file, ".gen.go")
	matches, err := ctx.MatchFile("", file)
	return err == nil && matches && !strings.HasSuffix(stem, "_test")
}

var standard = []string{"list", "get", "create", "update", "delete", "api_search", "download"}

// byAction sorts actions: the usual ones first.
func byAction(a, b string) int {
	rank := func(s string) int {
		if i := slices.Index(standard, s); i >= 0 {
			return i
		}
		return len(standard)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// nameMethods names the methods of an entity.
func (e *Entity) nameMethods() {
	var s names.Scope
	var claims []*names.Claim
	if e.Store != nil {
		s.Reserve("Search")
	}
	for _, a := range e.Actions {
		want := names.Exported(a.Wire)
		rank := 1
		if slices.Contains(standard, a.Wire) {
			rank = 0
		}
		all := ""
		switch a.Wire {
		case "list":
			all = "All"
		case "api_search":
			want, all = "APISearch", "APISearchAll"
		}
		a.Method = names.Claim{Want: want, Key: a.Wire, Else: want + "Action", Rank: rank}
		claims = append(claims, &a.Method)
		if all != "" {
			a.AllMethod = &names.Claim{Want: all, Key: a.Wire, Rank: -1}
			claims = append(claims, a.AllMethod)
		}
	}
	s.Settle(claims)
	for _, a := range e.Actions {
		a.Var = names.Claim{Want: names.Lower(e.Base.Got) + a.Method.Got, Key: e.Wire + "." + a.Wire}
	}
}

// store declares the record of an entity in the context store.
func (b *builder) store(e *Entity, s document.StoreEntity) *Decl {
	if s.Fields == nil {
		return nil
	}
	want := e.Base.Got + "StoreRecord"
	b.place(s.Fields, place{want, e.Wire + " in the context store", rankStore, e})
	v := b.view(s.Fields)
	return b.object(v, false)
}

// checkStore notes fields of the context store that are almost called like one of the
// records.
func (b *builder) checkStore(e *Entity, s document.StoreEntity) {
	if s.Fields == nil {
		return
	}
	var stored, inRecords []string
	for _, p := range s.Fields.Properties {
		stored = append(stored, p.Name)
	}
	for _, a := range e.Actions {
		for _, o := range b.runs[a] {
			of, _, _ := b.extract(o.Response, o.Extractor)
			v := b.view(of)
			if v.Kind() == document.Array {
				v = b.view(v.Items)
			}
			for _, p := range v.Properties {
				inRecords = append(inRecords, p.Name)
			}
		}
	}
	rest := slices.DeleteFunc(slices.Clone(inRecords), func(name string) bool { return slices.Contains(stored, name) })
	for _, name := range stored {
		most := 1
		if len(name) > 5 {
			most = 2
		}
		if slices.Contains(inRecords, name) {
			continue
		}
		if closest := document.Nearest(name, rest, most); closest != "" {
			b.pkg.note(document.Doubt, "fields of the store", "the context store has the field %q of %q, which no record of it has (closest: %s)", name, e.Wire, closest)
		}
	}
}

func storeFields(e *Entity, s document.StoreEntity) []*StoreField {
	var all []*StoreField
	if s.Fields == nil {
		return nil
	}
	for _, p := range s.Fields.Properties {
		want := e.Base.Got + "Field" + names.Part(p.Name)
		all = append(all, &StoreField{Wire: p.Name, Doc: p.Schema.Description, Const: names.Claim{Want: want, Key: p.Name, Rank: rankParams}})
	}
	return all
}

func (p *Package) note(level document.Level, kind, format string, args ...any) {
	p.Notes = append(p.Notes, document.Note{Level: level, Kind: kind, Text: fmt.Sprintf(format, args...)})
}
