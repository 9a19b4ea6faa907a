package document

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// A Note is something in a document that is worth to know.
type Note struct {
	Level Level
	Kind  string // the same for notes that are alike
	Text  string // one line
}

// A Level is how much a note matters.
type Level int

// The levels.
const (
	Detail Level = iota // nothing that is wrong: it is passed over, or usual
	Doubt               // probably a mistake
	Wrong               // surely one
)

// A where is a place in a document.
type where struct {
	in   *where
	name string
}

// place returns the place of something that has a name of its own.
func place(format string, args ...any) *where {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = short(text)
		}
	}
	return &where{name: fmt.Sprintf(format, args...)}
}

// longest is how many bytes of a name are told.
const longest = 200

// short returns the beginning of a text that is too long for a note.
func short(text string) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// at returns a place inside w.
func (w *where) at(name string) *where { return &where{w, name} }

// deepest is how many names a place is told by.
const deepest = 12

func (w *where) String() string {
	var names []string
	root := w
	for ; root.in != nil; root = root.in {
		names = append(names, short(root.name))
	}
	if len(names) == 0 {
		return root.name
	}
	slices.Reverse(names)
	if len(names) > deepest {
		names = append([]string{"…"}, names[len(names)-deepest:]...)
	}
	return fmt.Sprintf("%q in %s", strings.Join(names, "."), root.name)
}

// maxNotes is how many notes a document gets.
const maxNotes = 10_000

func (l *loader) note(level Level, kind, format string, args ...any) {
	if len(l.d.Notes) == maxNotes {
		return
	}
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = short(text)
		}
	}
	l.d.Notes = append(l.d.Notes, Note{level, kind, fmt.Sprintf(format, args...)})
}

// The keys of OpenAPI, and of connectors, that stand in an object of a kind. Many of them are
// not read: they are here so that they are not taken for another one misspelt.
var (
	rootKeys      = words("openapi info jsonSchemaDialect servers paths webhooks components security tags externalDocs swagger host basePath schemes consumes produces definitions parameters responses securityDefinitions x-airbyte-context-store")
	infoKeys      = words("title summary description termsOfService contact license version x-airbyte-connector-name x-airbyte-connector-definition-id x-airbyte-context-store")
	itemKeys      = words("$ref summary description servers parameters additionalOperations get put post delete options head patch trace query")
	operationKeys = words("tags summary description externalDocs operationId parameters requestBody responses callbacks deprecated security servers consumes produces schemes x-airbyte-entity x-airbyte-action x-airbyte-record-extractor x-airbyte-meta-extractor x-airbyte-no-pagination x-airbyte-path-override x-airbyte-file-url")
	parameterKeys = slices.Concat(words("$ref name in required deprecated allowEmptyValue style explode allowReserved schema content collectionFormat x-airbyte-param-config-inject"), schemaKeys)
	bodyKeys      = words("$ref description content required x-airbyte-body-type")
	responseKeys  = words("$ref summary description headers content links schema examples")
	mediaKeys     = words("schema itemSchema example examples encoding")
	schemaKeys    = words("$schema $id id $ref $anchor $defs definitions $comment $vocabulary $dynamicRef $dynamicAnchor $recursiveRef title description type types enum const default example examples deprecated readOnly writeOnly nullable format contentEncoding contentMediaType contentSchema pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf items prefixItems additionalItems unevaluatedItems contains minContains maxContains minItems maxItems uniqueItems properties patternProperties additionalProperties unevaluatedProperties propertyNames required minProperties maxProperties dependencies dependentRequired dependentSchemas allOf anyOf oneOf not if then else discriminator xml externalDocs x-airbyte-name x-airbyte-entity-name")
	storeKeys     = words("entity fields suggested suggestions x-airbyte-name")
)

func words(s string) []string { return strings.Fields(s) }

// keys notes the keys of an object that are almost called like those that there are.
func (l *loader) keys(n *node, at *where, known []string) {
	if !n.is(object) {
		return
	}
	for _, m := range n.members {
		if slices.Contains(known, m.name) {
			continue
		}
		extension := strings.HasPrefix(m.name, "x-airbyte")
		switch closest := near(m.name, known); {
		case closest != "" && n.get(closest) == nil:
			l.note(Doubt, "keys", "%s has the key %q (closest: %s)", at, m.name, closest)
		case extension:
			l.note(Detail, "extensions", "%s has the key %q, which is not known", at, m.name)
		}
	}
}

// maxWords is among how many words one is looked for.
const maxWords = 200

// near returns the word that another one is probably meant to be, or "".
func near(name string, known []string) string {
	if len(name) < 5 {
		return Nearest(name, known, 1)
	}
	return Nearest(name, known, 2)
}

// Nearest returns the word that differs least from another one, by at most so many
// letters, or "".
func Nearest(name string, known []string, most int) string {
	if len(known) > maxWords {
		return ""
	}
	plain := strings.ToLower(name)
	best, fewest := "", most+1
	for _, word := range known {
		if len(word)-len(name) > 2 || len(name)-len(word) > 2 || len(word) < 3 {
			continue
		}
		if d := distance(plain, strings.ToLower(word)); d < fewest {
			best, fewest = word, d
		}
	}
	return best
}

// distance is how many bytes are added, left out, replaced or swapped with the next one
// between two short words.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range len(a) {
		before, last, row := rows[i%3], rows[(i+1)%3], rows[(i+2)%3]
		row[0] = i + 1
		for j := range len(b) {
			d := last[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row[j+1] = d
		}
	}
	return rows[(len(a)+1)%3][len(b)]
}

var (
	placeholders = regexp.MustCompile(`\{([^{}]+)\}`)
	slugs        = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)
)

// checkPath notes placeholders that are no parameters, and parameters that are no
// placeholders.
func (l *loader) checkPath(o *Operation, n *node) {
	if n.get("x-airbyte-path-override") != nil {
		return
	}
	var names, left []string
	params, inPath := map[string]bool{}, map[string]bool{}
	for _, m := range placeholders.FindAllStringSubmatch(strings.NewReplacer("{{", " ", "}}", " ").Replace(o.Path), -1) {
		if !inPath[m[1]] {
			names = append(names, m[1])
			inPath[m[1]] = true
		}
	}
	for _, p := range o.Params {
		params[p.Name] = true
		if p.In == "path" && !inPath[p.Name] {
			left = append(left, p.Name)
		}
	}
	for _, name := range names {
		if params[name] {
			continue
		}
		closest := cmp.Or(near(name, left), near(strings.ReplaceAll(name, "_", ""), left))
		if closest != "" {
			left = slices.DeleteFunc(left, func(s string) bool { return s == closest })
			closest = fmt.Sprintf("; there is one called %q", closest)
		}
		l.note(Doubt, "placeholders", "%s: no parameter is called %q, and the path has {%s}%s", o.place(), name, name, closest)
	}
	for _, name := range left {
		l.note(Doubt, "placeholders", "%s: the parameter %q is in the path, and the path has no {%s}", o.place(), name, name)
	}
}

// checkParam notes what is doubtful in a parameter.
func (l *loader) checkParam(p *Param, n *node, at *where) {
	if p.Schema != nil {
		l.keys(n, at, parameterKeys)
	}
	places := words("path query header cookie body formData")
	if n.get("in") == nil && n.get("$ref") == nil {
		l.note(Doubt, "places", "%s has no in, which is path, query, header or cookie", at)
	} else if !slices.Contains(places, p.In) {
		closest := near(p.In, places)
		if closest != "" {
			closest = " (closest: " + closest + ")"
		}
		l.note(Doubt, "places", "%s is in %q, which is no place%s", at, p.In, closest)
	}
	if required := n.get("required"); required != nil && !required.is(boolean) && !required.is(null) {
		l.note(Doubt, "required", "%s has a required that is neither true nor false", at)
	}
}

// place returns where an operation is.
func (o *Operation) place() *where { return place("%s %s", strings.ToUpper(o.Method), o.Path) }

// checkSlug notes a slug that is none.
func (l *loader) checkSlug() {
	if l.d.Slug != "" && !slugs.MatchString(l.d.Slug) {
		l.note(Doubt, "slug", "the connector's name %q is no slug: these have lower-case letters, digits and hyphens, such as zendesk-support", l.d.Slug)
	}
}

var (
	types = words("string integer number boolean array object null")
	// otherTypes are what the types are called elsewhere.
	otherTypes = map[string]string{
		"int": "integer", "int32": "integer", "int64": "integer", "long": "integer", "float": "number", "double": "number", "decimal": "number",
		"bool": "boolean", "str": "string", "text": "string", "date": "string", "datetime": "string", "date-time": "string", "dict": "object", "map": "object", "list": "array",
	}
	formats = words("date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference uri-template iri iri-reference url uuid " +
		"json-pointer relative-json-pointer regex int8 int16 int32 int64 uint8 uint16 uint32 uint64 float double decimal password byte binary base64 base64url char html commonmark")
)

// checkSchema notes what is doubtful in a schema.
func (l *loader) checkSchema(s *Schema, n *node, at *where, known []string) {
	l.keys(n, at, known)
	for _, t := range s.Types {
		if slices.Contains(types, t) {
			continue
		}
		closest := cmp.Or(near(t, types), otherTypes[strings.ToLower(t)])
		if closest != "" {
			closest = " (closest: " + closest + ")"
		}
		l.note(Doubt, "types", "%s has the type %q, which is none%s", at, t, closest)
	}
	switch {
	case s.Format == "" || slices.Contains(formats, s.Format):
	case near(s.Format, []string{"date-time"}) != "":
		l.note(Doubt, "formats", "%s has the format %q (closest: date-time)", at, s.Format)
	default:
		l.note(Detail, "formats", "%s has the format %q, which is not known", at, s.Format)
	}
	if slices.Contains(s.Types, "string") {
		for _, v := range n.get("enum").elements() {
			if v.kind != text && v.kind != null {
				l.note(Doubt, "values", "%s is a string, and its enum has values that are no texts, such as %s: they are taken for texts", at, cmp.Or(v.text, "a list or an object"))
				break
			}
		}
	}
	if required := n.get("required"); required != nil && !required.is(list) && !required.is(boolean) && !required.is(null) {
		l.note(Doubt, "required", "%s has a required that is no list", at)
	}
}

// checkRequired notes names in required that no property has. Parts of schemas may
// require what other parts have.
func (l *loader) checkRequired() {
	for _, c := range l.schemas.made {
		for _, list := range [][]*Schema{c.s.AllOf, c.s.OneOf, c.s.AnyOf} {
			for _, part := range list {
				part.part = true
				if part.Ref != nil {
					part.Ref.part = true
				}
			}
		}
	}
	for _, c := range l.schemas.made {
		s := c.s
		if s.part || s.Ref != nil || s.Open || len(s.Properties) == 0 || len(s.AllOf)+len(s.OneOf)+len(s.AnyOf) > 0 {
			continue
		}
		var names []string
		known := map[string]bool{}
		for _, p := range s.Properties {
			names = append(names, p.Name)
			known[p.Name] = true
		}
		for _, name := range s.Required {
			if known[name] {
				continue
			}
			closest := near(name, names)
			if closest != "" {
				closest = " (closest: " + closest + ")"
			}
			l.note(Doubt, "required", "%s requires %q, which is no property of it%s", c.at, name, closest)
		}
	}
}

// checkDefault notes a default that the limits or the enumeration beside it forbid.
func (l *loader) checkDefault(s *Schema, n *node, at *where) {
	if v := n.get("default"); v.is(number) {
		for _, limit := range []struct{ name, text string }{{"minimum", s.Limits.Minimum}, {"maximum", s.Limits.Maximum}} {
			have, ok := rational(v.text)
			bound, bounded := rational(limit.text)
			if ok && bounded && (limit.name == "minimum" && have.Cmp(bound) < 0 || limit.name == "maximum" && have.Cmp(bound) > 0) {
				l.note(Doubt, "defaults", "%s has the default %s beyond its %s %s", at, v.text, limit.name, limit.text)
			}
		}
	}
	if v := n.get("default"); v.is(text) && len(s.Enum) > 0 && !s.EnumOther && !slices.Contains(s.Enum, v.text) {
		l.note(Doubt, "defaults", "%s has the default %q, which is none of its values%s", at, v.text, closest(v.text, s.Enum))
	}
}

// rational returns a number, if it is one of a usual size.
func rational(text string) (*big.Rat, bool) {
	if len(text) > 40 || strings.ContainsAny(text, "eE/") {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// closest tells the word that another one is probably meant to be, if there is one.
func closest(name string, known []string) string {
	if word := near(name, known); word != "" {
		return " (closest: " + word + ")"
	}
	return ""
}
