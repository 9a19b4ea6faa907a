package agenttools

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An answer is what a program that knows the form reads in the text of an output.
type answer struct {
	heading string
	columns []string // nil if the rows are JSON
	rows    []any    // []string of a table, else JSON
	body    string
	notes   []string
	next    string // the handle; "" if this was the end
}

var (
	openLine = regexp.MustCompile(`^<data-([a-z0-9]{8})>$`)
	turnLine = regexp.MustCompile(`^(\S*next_page) ([A-Za-z0-9_-]{4,80})$`)
)

// readAnswer reads a text by what the instructions say about it, and no more.
func readAnswer(t *testing.T, text string) answer {
	t.Helper()
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		t.Fatalf("not an answer: %q", text)
	}
	a := answer{heading: lines[0]}
	m := openLine.FindStringSubmatch(lines[1])
	if m == nil {
		t.Fatalf("no mark: %q", text)
	}
	end := slices.Index(lines, "</data-"+m[1]+">")
	if end < 0 || strings.Count(text, m[1]) != 2 {
		t.Fatalf("the mark is not closed, or is there twice: %q", text)
	}
	a.body = strings.Join(lines[2:end], "\n")
	a.notes = lines[end+1:]
	if last := len(a.notes) - 1; last >= 0 {
		if m := turnLine.FindStringSubmatch(a.notes[last]); m != nil {
			a.next, a.notes = m[2], a.notes[:last]
		}
	}
	if a.body == "" {
		return a
	}
	if json.Valid([]byte(lines[2])) && lines[2][0] != '\t' || strings.HasPrefix(lines[2], "{") || strings.HasSuffix(lines[2], ellipsis) {
		for _, line := range lines[2:end] {
			v, err := decodeAny(line)
			if err != nil {
				v = line // a record that was cut
			}
			a.rows = append(a.rows, v)
		}
		return a
	}
	r := csv.NewReader(strings.NewReader(a.body))
	if strings.Contains(lines[2], "\t") {
		r.Comma = '\t'
	}
	all, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	a.columns = all[0]
	for _, row := range all[1:] {
		a.rows = append(a.rows, row)
	}
	return a
}

func decodeAny(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	if err == nil && dec.More() {
		err = fmt.Errorf("more than one value")
	}
	return v, err
}

// same reports whether row i of an answer is the record, but for characters that are
// dropped and, in a table, for what is empty.
func (a answer) same(i int, record json.RawMessage) error {
	want, err := decodeAny(string(record))
	if err != nil {
		return err
	}
	want = cleanAny(want)
	if a.columns == nil {
		if got, want := compact(a.rows[i]), compact(want); got != want {
			return fmt.Errorf("%s is not %s", got, want)
		}
		return nil
	}
	rest, ok := want.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is in a table", want)
	}
	for k, cell := range a.rows[i].([]string) {
		got, ok := take(rest, a.columns[k])
		var text string
		switch v := got.(type) {
		case nil:
		case string:
			text = v
		case json.Number:
			text = v.String()
		case bool:
			text = fmt.Sprint(v)
		default:
			text = compact(v)
			if v, err := decodeAny(cell); err == nil {
				cell = compact(v)
			}
		}
		if text != cell || ok && k >= len(a.columns) {
			return fmt.Errorf("%s is %q, not %q", a.columns[k], cell, text)
		}
	}
	if !empty(rest) {
		return fmt.Errorf("the table lacks %s", compact(rest))
	}
	return nil
}

// take removes the value at a dotted path, whose names may have dots, too.
func take(object map[string]any, path string) (any, bool) {
	if v, ok := object[path]; ok {
		delete(object, path)
		return v, true
	}
	for i := range path {
		if path[i] != '.' {
			continue
		}
		if inner, ok := object[path[:i]].(map[string]any); ok {
			if v, ok := take(inner, path[i+1:]); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// empty reports whether nothing is left of an object whose values were taken.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(x any) bool { return !empty(x) })
	}
	return false
}

func cleanAny(v any) any {
	switch v := v.(type) {
	case string:
		return clean(v)
	case []any:
		for i := range v {
			v[i] = cleanAny(v[i])
		}
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			m[clean(k)] = cleanAny(x)
		}
		return m
	}
	return v
}

func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}
