// Package model is what a generated package declares: entities, their actions with
// parameters and results, and the types of records. It is made from a document, and
// depends on nothing but what the document says: not on the order of its paths, and the
// names of one type not on the properties of another.
package model

import (
	"fmt"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/names"
)

// A Package is a package for a connector.
type Package struct {
	Slug, Title, Version string
	DefinitionID         string
	Untyped              bool // it was made from what describe says, which has no shapes of records
	Entities             []*Entity
	Notes                []document.Note
	LeftOut              int    // operations that name no entity or no action
	Flags                string // those of the command that change the package

	builder *builder
}

// An Entity is an entity of a connector.
type Entity struct {
	Wire    string
	Base    names.Claim // the beginning of the names of its types
	Field   names.Claim // its field in Connector
	Type    names.Claim // the type of that field
	File    names.Claim // its file without what all files have
	Rows    *names.Claim
	Actions []*Action
	Store   *Store // nil if the context store does not have it
}

// An Action is an action on an entity.
type Action struct {
	Wire      string
	Method    names.Claim
	AllMethod *names.Claim // for those with pages
	Var       names.Claim  // of what describes it
	Docs      []string
	Read      bool
	Params    *Decl // nil if there is nothing to set
	Result    Result
	Paging    []PageRule
}

// A Form is what a method returns.
type Form int

// The forms.
const (
	One   Form = iota // a record and an error
	List              // the records of a page, the result and an error
	Plain             // undecoded JSON, the result and an error
	None              // an error
	File              // a download and an error
)

// A Result is what an action returns.
type Result struct {
	Form Form
	Type *Type // of a record; nil for Plain, None and File
}

// A PageRule says how an action turns pages if all parameters of When are given.
type PageRule struct {
	When     []string
	Params   []PageParam
	Metadata []string // the names of what pages have beside records
	Unused   []Unused // parameters that look as if they were about pages
}

// An Unused parameter has a name that is about pages, and turns none.
type Unused struct{ Name, Why string }

// A PageParam is a parameter that is about pages.
type PageParam struct {
	Name    string
	Role    string // cursor, count0, count1, offset, last-id, size
	Integer bool
	Known   bool // Default is known
	Default int64
	Fed     bool // the metadata has the next value
}

// A Store is an entity of the context store.
type Store struct {
	Record *Decl // nil if its shape is not known
	Fields []*StoreField
}

// A StoreField is a field that searches can name.
type StoreField struct {
	Wire  string
	Doc   string
	Const names.Claim
}

// A Decl is a type declaration: a struct, or an enumeration.
type Decl struct {
	Name   names.Claim
	Doc    string
	Fields []*Field
	Extra  *Type    // of the values of what no field has; nil if there is no such field
	Enum   []*Const // for enumerations
	Left   []*Field // what no field can stand for
	Input  bool     // it is part of parameters
	Top    bool     // it is the parameters of an action
	Owner  *Entity  // whose file it is in; nil for records
	extra  names.Claim

	places []*Field // struct fields that hold another struct by value
}

// ExtraName returns the name of the field for what no other field has.
func (d *Decl) ExtraName() string { return d.extra.Got }

// A Field is a field of a struct.
type Field struct {
	Wire     string
	Name     names.Claim
	Type     *Type
	Doc      string
	Optional bool // it is left out when it is zero
	Default  string
}

// A Const is a value of an enumeration.
type Const struct {
	Wire string
	Name names.Claim
}

// A Kind is a kind of type.
type Kind int

// The kinds.
const (
	Raw    Kind = iota // json.RawMessage
	Any                // any
	String             //
	Int                // int64
	Float              // float64
	Bool               //
	Time               // client.Time
	Moment             // time.Time
	Slice              // of Elem
	Map                // from string to Elem
	Named              // Decl
)

// A Type is a type expression.
type Type struct {
	Kind     Kind
	Elem     *Type
	Decl     *Decl
	Pointer  bool
	Nullable bool   // client.Nullable of the type
	Why      string // why it is Raw
}

// String returns the expression in Go.
func (t *Type) String() string {
	s := ""
	switch t.Kind {
	case Raw:
		s = "json.RawMessage"
	case Any:
		s = "any"
	case String:
		s = "string"
	case Int:
		s = "int64"
	case Float:
		s = "float64"
	case Bool:
		s = "bool"
	case Time:
		s = "client.Time"
	case Moment:
		s = "time.Time"
	case Slice:
		s = "[]" + t.Elem.String()
	case Map:
		s = "map[string]" + t.Elem.String()
	case Named:
		s = t.Decl.Name.Got
	}
	if t.Pointer {
		s = "*" + s
	}
	if t.Nullable {
		s = fmt.Sprintf("client.Nullable[%s]", s)
	}
	return s
}

// Each calls f for t and the types in it.
func (t *Type) Each(f func(*Type)) {
	for ; t != nil; t = t.Elem {
		f(t)
	}
}

// IsStruct reports whether the type is a struct, or a pointer to one.
func (t *Type) IsStruct() bool { return t.Kind == Named && t.Decl.Enum == nil }
