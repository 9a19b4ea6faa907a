package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// What a document may have. Larger ones are refused: documents are foreign.
const (
	MaxSize    = 2 << 20 // bytes
	maxDepth   = 200     // values inside values, aliases expanded
	maxNodes   = 1 << 20 // values, aliases expanded
	maxAliases = 10_000  // uses of anchors
)

// A kind is the kind of a value of JSON.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// A node is a value of a document. Unlike a Go map, an object keeps the order of its
// members. No name stands twice in it.
type node struct {
	kind    kind
	text    string // of a scalar, as it is written
	items   []*node
	members []member
}

type member struct {
	name  string
	value *node
}

// get returns a member of an object, or nil. It may be called on nil, like the other
// methods.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// names returns the names of the members of an object.
func (n *node) names() []string {
	var names []string
	if n.is(object) {
		for _, m := range n.members {
			names = append(names, m.name)
		}
	}
	return names
}

// at follows a path of members.
func (n *node) at(path ...string) *node {
	for _, name := range path {
		n = n.get(name)
	}
	return n
}

func (n *node) is(k kind) bool { return n != nil && n.kind == k }

// str returns the text of a scalar that is not null, else "".
func (n *node) str() string {
	if n == nil || n.kind == null {
		return ""
	}
	return n.text
}

func (n *node) isTrue() bool { return n.is(boolean) && n.text == "true" }

// elements returns the elements of a list, or a single value as a list of one.
func (n *node) elements() []*node {
	switch {
	case n == nil || n.kind == null:
		return nil
	case n.kind == list:
		return n.items
	}
	return []*node{n}
}

// set adds a member, or replaces its value if there is one of that name. The last one
// counts, as it does for most parsers.
func (n *node) set(index map[string]int, name string, v *node) {
	if i, ok := index[name]; ok {
		n.members[i].value = v
		return
	}
	index[name] = len(n.members)
	n.members = append(n.members, member{name, v})
}

// parse reads YAML or JSON. It also returns which keys stand twice in an object.
func parse(data []byte) (n *node, twice []string, err error) {
	if len(data) > MaxSize {
		return nil, nil, fmt.Errorf("it has %d bytes, more than %d", len(data), MaxSize)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, nil, errors.New("it is not UTF-8")
	}
	c := converter{told: map[string]bool{}}
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(data) {
		n, err = c.parseJSON(data)
		return n, c.twice, err
	}
	// The parser is known to panic on some input that is not YAML.
	defer func() {
		if r := recover(); r != nil {
			n, twice, err = nil, nil, errors.New("it is not YAML")
		}
	}()
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil, errors.New("it is empty")
		}
		// The line is where the parser began to read what it could not finish.
		text := strings.Replace(strings.TrimPrefix(err.Error(), "yaml: "), "line ", "in or after line ", 1)
		return nil, nil, fmt.Errorf("it is not YAML: %s", strings.Join(strings.Fields(text), " "))
	}
	n, err = c.convert(&doc, 0)
	return n, c.twice, err
}

// A converter turns the nodes of the YAML parser into ours, within limits.
type converter struct {
	nodes, aliases int
	twice          []string
	told           map[string]bool
}

// repeated takes down that a key stands twice, in two lines.
func (c *converter) repeated(name string, first, again int) {
	if len(name) > longest/2 {
		name = strings.ToValidUTF8(name[:longest/2], "") + "…"
	}
	text := fmt.Sprintf("the key %q stands in line %d and again in line %d, in the same object", name, first, again)
	if !c.told[text] { // an alias is converted wherever it is used
		c.told[text] = true
		c.twice = append(c.twice, text)
	}
}

var errDeep = fmt.Errorf("values are nested more than %d deep in it", maxDepth)

func (c *converter) count(depth int) error {
	c.nodes++
	switch {
	case depth > maxDepth:
		return errDeep
	case c.nodes > maxNodes:
		return fmt.Errorf("it has more than %d values", maxNodes)
	}
	return nil
}

func (c *converter) convert(y *yaml.Node, depth int) (*node, error) {
	if err := c.count(depth); err != nil {
		return nil, err
	}
	switch y.Kind {
	case yaml.DocumentNode:
		if len(y.Content) != 1 {
			return nil, errors.New("it is empty")
		}
		return c.convert(y.Content[0], depth)
	case yaml.AliasNode:
		if c.aliases++; c.aliases > maxAliases {
			return nil, fmt.Errorf("it has more than %d aliases", maxAliases)
		}
		return c.convert(y.Alias, depth+1)
	case yaml.SequenceNode:
		n := &node{kind: list}
		for _, item := range y.Content {
			v, err := c.convert(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, v)
		}
		return n, nil
	case yaml.MappingNode:
		return c.mapping(y, depth)
	}
	return scalar(y), nil
}

func (c *converter) mapping(y *yaml.Node, depth int) (*node, error) {
	n := &node{kind: object}
	index, lines := map[string]int{}, map[string]int{}
	var merged []*node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			continue // such as an unquoted {{ template }}
		}
		v, err := c.convert(value, depth+1)
		if err != nil {
			return nil, err
		}
		if key.Tag == "!!merge" {
			merged = append(merged, v.elements()...)
			continue
		}
		if first := lines[key.Value]; first > 0 {
			c.repeated(key.Value, first, key.Line)
		}
		lines[key.Value] = key.Line
		n.set(index, key.Value, v)
	}
	for _, from := range merged {
		for _, m := range from.members {
			if _, ok := index[m.name]; ok {
				continue
			}
			if c.nodes++; c.nodes > maxNodes {
				return nil, fmt.Errorf("it has more than %d values", maxNodes)
			}
			n.set(index, m.name, m.value)
		}
	}
	return n, nil
}

func scalar(y *yaml.Node) *node {
	switch y.ShortTag() {
	case "!!null":
		return &node{kind: null}
	case "!!bool":
		return &node{kind: boolean, text: strings.ToLower(y.Value)}
	case "!!int", "!!float":
		return &node{kind: number, text: y.Value}
	}
	return &node{kind: text, text: y.Value}
}

func (c *converter) parseJSON(data []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return c.json(dec, data, 0)
}

func (c *converter) json(dec *json.Decoder, data []byte, depth int) (*node, error) {
	if err := c.count(depth); err != nil {
		return nil, err
	}
	token, err := dec.Token()
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	switch t := token.(type) {
	case nil:
		return &node{kind: null}, nil
	case bool:
		return &node{kind: boolean, text: fmt.Sprint(t)}, nil
	case json.Number:
		return &node{kind: number, text: t.String()}, nil
	case string:
		return &node{kind: text, text: t}, nil
	}
	n := &node{kind: list}
	if token == json.Delim('{') {
		n.kind = object
	}
	index, ends := map[string]int{}, map[string]int64{}
	line := func(end int64) int { return bytes.Count(data[:end], []byte("\n")) + 1 }
	for dec.More() {
		var name string
		if n.kind == object {
			key, err := dec.Token()
			if err != nil {
				return nil, fmt.Errorf("it is not JSON: %w", err)
			}
			name, _ = key.(string)
			if first, ok := ends[name]; ok && len(c.twice) < 100 { // lines are counted each time
				c.repeated(name, line(first), line(dec.InputOffset()))
			}
			ends[name] = dec.InputOffset()
		}
		v, err := c.json(dec, data, depth+1)
		if err != nil {
			return nil, err
		}
		if n.kind == object {
			n.set(index, name, v)
		} else {
			n.items = append(n.items, v)
		}
	}
	_, err = dec.Token()
	return n, err
}
