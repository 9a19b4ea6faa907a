package agenttools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// arguments are those of all tools. Each tool uses some of them.
type arguments struct {
	query, connector, entity, action, page string

	params client.Params
	fields []string
	weight int // their size
}

// parse reads the arguments of those names. It takes what models send in place of what
// the schema says, as long as it can mean only one thing.
func (a *arguments) parse(names []string, raw json.RawMessage) *failure {
	a.weight = len(raw)
	raw = bytes.TrimSpace(raw)
	if text := ""; len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil { // some programs put them into a text
		raw = bytes.TrimSpace([]byte(text))
	}
	if len(raw) == 0 || string(raw) == "[]" { // some languages have no other empty object
		raw = json.RawMessage("{}")
	}
	wrong := func(problems ...problem) *failure {
		return &failure{text: "the arguments are not what the schema of the tool says", problems: problems}
	}
	if !utf8.Valid(raw) {
		return wrong(problem{"", "they are not UTF-8"})
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return wrong(problem{"", "they are not a JSON object"})
	}
	texts := map[string]*string{"query": &a.query, "connector": &a.connector, "entity": &a.entity, "action": &a.action, "page": &a.page}
	var problems []problem
	for _, name := range slices.Sorted(keys(members)) {
		v := members[name]
		var why string
		switch {
		case !slices.Contains(names, name):
			why = "there is no such argument; there are " + strings.Join(names, ", ")
			if slices.Contains(names, "params") {
				why += "; what an action takes goes into params"
			}
		case name == "params":
			a.params, why = parseParams(v, 0)
		case name == "fields":
			a.fields, why = parseFields(v)
		default:
			*texts[name], why = parseText(v)
		}
		if why != "" {
			problems = append(problems, problem{oneLine(name, maxField), why})
		}
	}
	if len(problems) > 0 {
		return wrong(problems...)
	}
	return nil
}

func keys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// parseText reads a text. A number is taken as it is written.
func parseText(v json.RawMessage) (text, why string) {
	switch v[0] {
	case '"':
		if err := json.Unmarshal(v, &text); err == nil {
			return strings.TrimSpace(text), ""
		}
	case 'n':
		return "", ""
	case '{', '[', 't', 'f':
	default:
		return string(v), ""
	}
	return "", "it must be a text"
}

// parseParams reads an object, or a text that has one. Numbers stay as they are.
func parseParams(v json.RawMessage, depth int) (p client.Params, why string) {
	v = bytes.TrimSpace(v)
	switch {
	case len(v) == 0, string(v) == "null", string(v) == "[]":
		return nil, ""
	case v[0] == '"' && depth < 2: // some models put the text into a text
		var text string
		if err := json.Unmarshal(v, &text); err == nil {
			return parseParams(json.RawMessage(text), depth+1)
		}
	case v[0] == '{':
		dec := json.NewDecoder(bytes.NewReader(v))
		dec.UseNumber()
		if err := dec.Decode(&p); err != nil {
			return nil, "it is not a JSON object: " + oneLine(err.Error(), 100)
		}
		if _, err := dec.Token(); err != io.EOF {
			return nil, "there is something after the JSON object"
		}
		return p, ""
	}
	return nil, `it must be a JSON object, such as {"id":1}`
}

// parseFields reads a list of names, or a text with commas between them.
func parseFields(v json.RawMessage) (list []string, why string) {
	const must = "it must be a list of texts"
	switch v[0] {
	case 'n':
		return nil, ""
	case '"':
		var text string
		if err := json.Unmarshal(v, &text); err != nil {
			return nil, must
		}
		if text = strings.TrimSpace(text); strings.HasPrefix(text, "[") {
			return parseFields(json.RawMessage(text))
		}
		list = strings.Split(text, ",")
	case '[':
		if err := json.Unmarshal(v, &list); err != nil {
			return nil, must
		}
	default:
		return nil, must
	}
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return slices.DeleteFunc(list, func(name string) bool { return name == "" }), ""
}

// missing returns a failure that names the arguments that are empty but needed, given
// pairs of names and values, or nil.
func missing(namesAndValues ...string) *failure {
	var f *failure
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] == "" {
			if f == nil {
				f = &failure{text: "arguments are missing"}
			}
			f.problems = append(f.problems, problem{namesAndValues[i], "it is empty"})
		}
	}
	return f
}

// readTexts replaces texts by what they say, where the action declares a number or a
// truth value.
func readTexts(params client.Params, declared []client.ParamDescription) {
	for _, d := range declared {
		text, ok := params[d.Name].(string)
		if !ok {
			continue
		}
		types := strings.Split(d.Type, "|")
		if slices.Contains(types, "string") {
			continue
		}
		for _, t := range types {
			if v, ok := readText(t, text); ok {
				params[d.Name] = v
				break
			}
		}
	}
}

// readText returns the value of the type that the text is, if it is one.
func readText(typ, text string) (any, bool) {
	switch typ {
	case "boolean":
		return text == "true", text == "true" || text == "false"
	case "integer", "number":
		number := json.Valid([]byte(text)) && (text[0] == '-' || '0' <= text[0] && text[0] <= '9')
		return json.Number(text), number && (typ == "number" || !strings.ContainsAny(text, ".eE"))
	}
	return nil, false
}

// typed describes the type of a parameter.
func typed(d client.ParamDescription) string {
	if d.Required {
		return strings.TrimPrefix(d.Type+", required", ", ")
	}
	return d.Type
}

// listed returns a list of names for a hint, shortened if they are many.
func listed(names []string) string {
	const most = 30
	if len(names) == 0 {
		return "none"
	}
	list := make([]string, 0, most+1)
	for _, name := range names[:min(len(names), most)] {
		list = append(list, oneLine(name, 80))
	}
	if len(names) > most {
		list = append(list, fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(list, ", ")
}
