package agenttools

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// A node is a JSON value. It keeps the order of members, and numbers as they were
// written; its texts are clean.
type node struct {
	kind    byte   // '{', '[', '"', '0', or the first letter of a literal
	text    string // a text, without quotes, or a number or a literal as it is written
	members []member
}

// A member is a member of an object, or an element of a list, which has no name.
type member struct {
	name  string
	value node
}

// parseJSON reads a JSON value and reports whether it is one.
func parseJSON(raw string) (node, bool) {
	p := parsers.Get().(*parser)
	p.in = raw
	n, ok := p.value(0)
	p.space()
	ok = ok && p.at == len(p.in)
	if cap(p.found) <= maxKept {
		clear(p.found[:cap(p.found)])
		*p = parser{found: p.found[:0]}
		parsers.Put(p)
	}
	return n, ok
}

// parsers are those that are not used, with the memory that they need.
var parsers = sync.Pool{New: func() any { return new(parser) }}

// maxKept is how many members a parser may keep memory for.
const maxKept = 256

// textNode is a text as a value.
func textNode(s string) node { return node{kind: '"', text: clean(s)} }

// objectNode is an object of texts. It leaves out those that are empty.
func objectNode(namesAndTexts ...string) node {
	n := node{kind: '{'}
	for i := 0; i+1 < len(namesAndTexts); i += 2 {
		if v := textNode(namesAndTexts[i+1]); v.text != "" {
			n.members = append(n.members, member{namesAndTexts[i], v})
		}
	}
	return n
}

// get returns the member of that name, the last one if there are several.
func (n node) get(name string) (node, bool) {
	for i := len(n.members) - 1; i >= 0; i-- {
		if n.kind == '{' && n.members[i].name == name {
			return n.members[i].value, true
		}
	}
	return node{}, false
}

// has reports whether the value has something at a dotted path, in any element of the
// lists on the way. What is no object may have anything.
func (n node) has(path string) bool {
	switch n.kind {
	case '[':
		return len(n.members) == 0 || slices.ContainsFunc(n.members, func(m member) bool { return m.value.has(path) })
	case '{':
	default:
		return n.kind != 'n'
	}
	for end := 0; end <= len(path); end++ {
		if end < len(path) && path[end] != '.' {
			continue
		}
		if v, ok := n.get(path[:end]); ok && (end == len(path) || v.has(path[end+1:])) {
			return true
		}
	}
	return false
}

// maxNesting is more than the decoder of package client lets through.
const maxNesting = 20000

// A parser reads JSON that was decoded before, so that it rarely meets a mistake.
type parser struct {
	in    string
	at    int
	found []member // those of the objects and lists that have not ended
}

func (p *parser) space() {
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\n' || p.in[p.at] == '\t' || p.in[p.at] == '\r') {
		p.at++
	}
}

// peek returns the next byte that is no space, 0 at the end.
func (p *parser) peek() byte {
	if p.space(); p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (node, bool) {
	switch c := p.peek(); {
	case depth > maxNesting:
	case c == '{', c == '[':
		return p.compound(c, depth)
	case c == '"':
		s, ok := p.quoted()
		return node{kind: '"', text: s}, ok
	case c == '-', '0' <= c && c <= '9':
		start := p.at
		for p.at < len(p.in) && strings.IndexByte("+-.eE0123456789", p.in[p.at]) >= 0 {
			p.at++
		}
		text := p.in[start:p.at]
		return node{kind: '0', text: text}, isNumber(text)
	default:
		for _, literal := range []string{"true", "false", "null"} {
			if strings.HasPrefix(p.in[p.at:], literal) {
				p.at += len(literal)
				return node{kind: literal[0], text: literal}, true
			}
		}
	}
	return node{}, false
}

// isNumber reports whether a text is a number of JSON.
func isNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, "0") {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(s, ".") {
		if s = s[1:]; !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}

func (p *parser) compound(open byte, depth int) (node, bool) {
	n := node{kind: open}
	end := open + 2 // in ASCII
	p.at++
	if p.peek() == end {
		p.at++
		return n, true
	}
	for first := len(p.found); ; {
		var m member
		var ok bool
		if open == '{' {
			if p.peek() != '"' {
				return n, false
			}
			if m.name, ok = p.quoted(); !ok || p.peek() != ':' {
				return n, false
			}
			p.at++
		}
		if m.value, ok = p.value(depth + 1); !ok {
			return n, false
		}
		p.found = append(p.found, m)
		switch p.peek() {
		case ',':
			p.at++
		case end:
			p.at++
			n.members = slices.Clone(p.found[first:]) // of the size that they need
			p.found = p.found[:first]
			return n, true
		default:
			return n, false
		}
	}
}

// quoted reads a text, and returns it clean.
func (p *parser) quoted() (string, bool) {
	p.at++
	rest := p.in[p.at:]
	plain := true // printable ASCII
	for i := 0; i < len(rest) && rest[i] != '\\'; i++ {
		if c := rest[i]; c == '"' {
			p.at += i + 1
			if plain {
				return rest[:i], true
			}
			return clean(rest[:i]), true
		} else if c < ' ' || c >= 0x7f {
			plain = false
		}
	}
	var b strings.Builder
	for {
		end := strings.IndexAny(rest, `"\`)
		if end < 0 {
			return "", false
		}
		b.WriteString(rest[:end])
		if rest[end] == '"' {
			p.at = len(p.in) - len(rest) + end + 1
			return clean(b.String()), true
		}
		r, n, ok := unescape(rest[end:])
		if !ok {
			return "", false
		}
		b.WriteRune(r)
		rest = rest[end+n:]
	}
}

// unescape reads an escape sequence, and returns its length, too. Half of a surrogate
// pair is U+FFFD.
func unescape(s string) (r rune, length int, ok bool) {
	if len(s) < 2 {
		return 0, 0, false
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2, true
	case 'b':
		return '\b', 2, true
	case 'f':
		return '\f', 2, true
	case 'n':
		return '\n', 2, true
	case 'r':
		return '\r', 2, true
	case 't':
		return '\t', 2, true
	case 'u':
		r, ok := hex4(s)
		if !ok {
			return 0, 0, false
		}
		if utf16.IsSurrogate(r) {
			if low, ok := hex4(s[6:]); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return pair, 12, true
				}
			}
			r = utf8.RuneError
		}
		return r, 6, true
	}
	return 0, 0, false
}

// hex4 reads a \u and four hexadecimal digits.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}

// appendTo appends the value to b as compact JSON on one line.
func (n node) appendTo(b []byte) []byte {
	switch n.kind {
	case '{', '[':
		b = append(b, n.kind)
		for i, m := range n.members {
			if i > 0 {
				b = append(b, ',')
			}
			if n.kind == '{' {
				b = append(appendQuoted(b, m.name), ':')
			}
			b = m.value.appendTo(b)
		}
		return append(b, n.kind+2)
	case '"':
		return appendQuoted(b, n.text)
	}
	return append(b, n.text...)
}

// String returns the value as compact JSON on one line.
func (n node) String() string { return string(n.appendTo(nil)) }

// appendQuoted appends a clean text in quotes. Line breaks of all kinds are escaped.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		var escape string
		n := 1
		switch c := s[i]; {
		case c == '"', c == '\\':
			escape = `\` + s[i:i+1]
		case c == '\n':
			escape = `\n`
		case c == '\t':
			escape = `\t`
		case c == 0xe2 && strings.HasPrefix(s[i:], "\u2028"):
			escape, n = `\u2028`, 3
		case c == 0xe2 && strings.HasPrefix(s[i:], "\u2029"):
			escape, n = `\u2029`, 3
		default:
			continue
		}
		b = append(append(b, s[from:i]...), escape...)
		i += n - 1
		from = i + 1
	}
	return append(append(b, s[from:]...), '"')
}
