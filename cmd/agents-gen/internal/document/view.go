package document

import "slices"

// A View is what a Schema says once its references are followed and its parts are put
// together.
type View struct {
	Of          *Schema // the schema that has the shape: views of one Of are of one type
	Types       []string
	Nullable    bool
	Format      string
	Description string
	Enum        []string
	EnumOther   bool
	Default     string
	HasDefault  bool
	Limits      Limits
	ReadOnly    bool
	Deprecated  bool
	Properties  []Property
	Items       *Schema
	Open        bool
	Additional  *Schema
	Union       []*Schema // it is one of several shapes
	Why         string    // why its shape is not known, if so

	required []string // names in any of its parts
}

// maxParts is how many schemas one view may be put together from.
const maxParts = 2000

// View puts together what s says.
func (s *Schema) View() *View {
	if s == nil {
		return &View{Why: "nothing describes it"}
	}
	w := viewer{open: map[*Schema]bool{}}
	v := w.view(s)
	if v.Union != nil {
		w.alike(v)
	}
	return v
}

type viewer struct {
	open  map[*Schema]bool // being put together
	parts int
}

func (w *viewer) view(s *Schema) *View {
	w.parts++
	if w.open[s] || w.parts > maxParts {
		return &View{Of: s, Why: "it refers to itself"}
	}
	w.open[s] = true
	defer delete(w.open, s)
	v := &View{
		Of: s, Types: s.Types, Nullable: s.Nullable, Format: s.Format, Description: s.Description, Enum: s.Enum, EnumOther: s.EnumOther,
		Default: s.Default, HasDefault: s.HasDefault, Limits: s.Limits, ReadOnly: s.ReadOnly, Deprecated: s.Deprecated,
		Properties: s.Properties, Items: s.Items, Open: s.Open, Additional: s.Additional, Why: s.Broken, required: s.Required,
	}
	var parts []*Schema
	if s.Ref != nil {
		parts = append(parts, s.Ref)
	}
	parts = append(parts, s.AllOf...)
	for _, choices := range [][]*Schema{s.OneOf, s.AnyOf} {
		some, null := shapes(choices)
		v.Nullable = v.Nullable || null
		switch {
		case len(some) == 1:
			parts = append(parts, some[0])
		case len(some) > 1:
			v.Union = append(v.Union, some...)
		}
	}
	bare := v.shapeless() && v.Union == nil && len(s.Required) == 0
	for _, part := range parts {
		p := w.view(part)
		if bare && len(parts) == 1 { // s only adds a description, or null, to another schema
			v = alias(v, p)
			continue
		}
		v.add(p)
	}
	for i, p := range v.Properties {
		if !p.Required && slices.Contains(v.required, p.Name) {
			v.Properties = slices.Clone(v.Properties)
			v.Properties[i].Required = true
		}
	}
	return v
}

// shapes returns the choices that say something about the shape, and whether null is
// one of them.
func shapes(choices []*Schema) (some []*Schema, null bool) {
	for _, c := range choices {
		switch {
		case c.Nullable && c.empty():
			null = true
		case !c.empty():
			some = append(some, c)
		}
	}
	return some, null
}

// empty reports whether s says nothing about a shape; it may say what is required.
func (s *Schema) empty() bool {
	return len(s.Types) == 0 && len(s.Properties) == 0 && s.Items == nil && !s.Open && s.Ref == nil && s.Broken == "" &&
		len(s.AllOf)+len(s.OneOf)+len(s.AnyOf)+len(s.Enum) == 0 && !s.EnumOther && s.Format == ""
}

func (v *View) shapeless() bool {
	return len(v.Types) == 0 && len(v.Properties) == 0 && v.Items == nil && !v.Open && len(v.Enum) == 0 && !v.EnumOther && v.Format == ""
}

// alias returns the view of a schema that says nothing of its own about the shape.
func alias(v, of *View) *View {
	a := *of
	a.Nullable = of.Nullable || v.Nullable
	a.ReadOnly = of.ReadOnly || v.ReadOnly
	a.Limits = v.Limits.or(of.Limits)
	a.required = slices.Concat(of.required, v.required)
	a.Deprecated = of.Deprecated || v.Deprecated
	if v.Description != "" {
		a.Description = v.Description
	}
	if v.HasDefault {
		a.Default, a.HasDefault = v.Default, true
	}
	if a.Why == "" {
		a.Why = v.Why
	}
	return &a
}

// add puts another part beside v.
func (v *View) add(p *View) {
	if len(v.Types) == 0 {
		v.Types = p.Types
	}
	if v.Format == "" {
		v.Format = p.Format
	}
	if v.Description == "" {
		v.Description = p.Description
	}
	if v.Enum == nil {
		v.Enum, v.EnumOther = p.Enum, p.EnumOther
	}
	if v.Items == nil {
		v.Items = p.Items
	}
	if !v.HasDefault {
		v.Default, v.HasDefault = p.Default, p.HasDefault
	}
	v.Limits = v.Limits.or(p.Limits)
	if v.Why == "" {
		v.Why = p.Why
	}
	v.Union = append(v.Union, p.Union...)
	v.required = slices.Concat(v.required, p.required)
	if p.Open && !v.Open {
		v.Open, v.Additional = true, p.Additional
	}
	v.Properties = slices.Clone(v.Properties)
	for _, q := range p.Properties {
		i := slices.IndexFunc(v.Properties, func(own Property) bool { return own.Name == q.Name })
		switch {
		case i < 0:
			v.Properties = append(v.Properties, q)
		case v.Properties[i].Schema.empty(): // it only adds to what q says
			q.Required = q.Required || v.Properties[i].Required
			v.Properties[i] = q
		default:
			v.Properties[i].Required = v.Properties[i].Required || q.Required
		}
	}
}

// alike drops the union of a view if all choices are of one scalar type.
func (w *viewer) alike(v *View) {
	if len(v.Properties) > 0 || v.Items != nil {
		return
	}
	var types, enum, formats []string
	whole := true // every choice is an enumeration
	for _, s := range v.Union {
		c := w.view(s)
		if c.Union != nil || c.Why != "" || len(c.Properties) > 0 || c.Items != nil || c.EnumOther {
			return
		}
		t := c.Types
		if len(t) == 0 && len(c.Enum) > 0 {
			t = []string{"string"}
		}
		if len(t) != 1 || t[0] == "object" || t[0] == "array" {
			return
		}
		v.Nullable = v.Nullable || c.Nullable
		if !slices.Contains(types, t[0]) {
			types = append(types, t[0])
		}
		if !slices.Contains(formats, c.Format) {
			formats = append(formats, c.Format)
		}
		whole = whole && len(c.Enum) > 0
		for _, e := range c.Enum {
			if !slices.Contains(enum, e) {
				enum = append(enum, e)
			}
		}
	}
	if len(types) == 2 && slices.Contains(types, "integer") && slices.Contains(types, "number") {
		types = []string{"number"}
	}
	if len(types) != 1 {
		return
	}
	v.Types, v.Union = types, nil
	if len(formats) == 1 {
		v.Format = formats[0]
	}
	if whole {
		v.Enum = enum
	}
}

// A Kind is the kind of value that a view describes.
type Kind int

// The kinds.
const (
	Any     Kind = iota // its shape is not known; View.Unknown tells why
	String              // also an enumeration, if View.Enum is not empty
	Time                // a date-time
	Integer             // exact
	Number
	Boolean
	Array  // of View.Items, which may be nil
	Map    // of View.Additional
	Object // with View.Properties
)

// Kind returns the kind of value.
func (v *View) Kind() Kind {
	if v.Unknown() != "" {
		return Any
	}
	switch v.typ() {
	case "string":
		if v.Format == "date-time" && len(v.Enum) == 0 {
			return Time
		}
		return String
	case "integer":
		return Integer
	case "number":
		return Number
	case "boolean":
		return Boolean
	case "array":
		return Array
	}
	if len(v.Properties) == 0 {
		return Map
	}
	return Object
}

// Values returns the values of an enumeration of texts, or nil.
func (v *View) Values() []string {
	if v.Kind() != String || v.EnumOther {
		return nil
	}
	return v.Enum
}

// FreeForm is what Unknown returns for an object that may have any properties.
const FreeForm = "it is an object without properties"

// Unknown returns why the shape of the value is not known, or "".
func (v *View) Unknown() string {
	switch {
	case v.Why != "":
		return v.Why
	case v.Union != nil && (len(v.Properties) == 0 || len(v.Types) > 1):
		return "it is one of several types"
	case v.typ() == "object" && len(v.Properties) == 0 && v.Additional == nil:
		return FreeForm
	case v.typ() != "":
		return ""
	case len(v.Types) > 1:
		return "it has one of several types"
	}
	return "it has no type"
}

// typ returns the one type, "" if there are several or none.
func (v *View) typ() string {
	switch {
	case len(v.Types) == 1:
		if slices.Contains([]string{"string", "integer", "number", "boolean", "array", "object"}, v.Types[0]) {
			return v.Types[0]
		}
		return ""
	case len(v.Types) == 2 && slices.Contains(v.Types, "integer") && slices.Contains(v.Types, "number"):
		return "number"
	case len(v.Types) > 1:
		return ""
	case len(v.Properties) > 0 || v.Additional != nil:
		return "object"
	case v.Items != nil:
		return "array"
	case len(v.Enum) > 0 && !v.EnumOther, v.Format == "date-time", v.Format == "date", v.Format == "uri", v.Format == "uuid", v.Format == "email":
		return "string"
	}
	return ""
}
