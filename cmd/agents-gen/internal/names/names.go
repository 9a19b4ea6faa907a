// Package names makes names of Go from the names of a document. Which of two names
// that are alike keeps its form never depends on the order of the document.
package names

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// initialisms are those that the linters of Go know.
var initialisms = map[string]bool{
	"acl": true, "api": true, "ascii": true, "cpu": true, "css": true, "dns": true, "eof": true, "guid": true,
	"html": true, "http": true, "https": true, "id": true, "ip": true, "json": true, "lhs": true, "qps": true,
	"ram": true, "rhs": true, "rpc": true, "sla": true, "smtp": true, "sql": true, "ssh": true, "tcp": true,
	"tls": true, "ttl": true, "udp": true, "ui": true, "uid": true, "uri": true, "url": true, "utf8": true,
	"uuid": true, "vm": true, "xml": true, "xmpp": true, "xsrf": true, "xss": true,
}

// symbols are the words for names without letters and digits.
var symbols = map[rune]string{
	'+': "Plus", '-': "Minus", '<': "Less", '>': "Greater", '=': "Equal", '*': "Star", '/': "Slash", '%': "Percent",
	'#': "Hash", '@': "At", '$': "Dollar", '&': "And", '|': "Or", '!': "Not", '?': "Question", '.': "Dot", ',': "Comma",
	':': "Colon", ';': "Semicolon", '^': "Caret", '~': "Tilde", '_': "Underscore", ' ': "Space", '(': "Open", ')': "Close",
}

// maxLength is how many characters of a name are kept.
const maxLength = 100

// Part returns a name in CamelCase, to be appended to another one: it may begin with a
// digit, but is not empty.
func Part(name string) string {
	var b strings.Builder
	n := 0
	for i, word := range words(name) {
		if i == 0 {
			b.WriteString(sign(name))
		}
		word = capital(word)
		if n += len(word); n > maxLength {
			break
		}
		b.WriteString(word)
	}
	if b.Len() == 0 {
		for _, r := range name {
			if b.Len() < 40 {
				b.WriteString(symbols[r])
			}
		}
	}
	switch {
	case b.Len() > 0:
		return b.String()
	case name == "":
		return "Empty"
	}
	return "Value"
}

// Exported returns a name in CamelCase that is an exported identifier.
func Exported(name string) string {
	part := Part(name)
	if first := []rune(part)[0]; !unicode.IsUpper(first) {
		return "X" + part
	}
	return part
}

// Lower returns an exported identifier as one that is not: its first word in lower
// case.
func Lower(name string) string {
	rs := []rune(name)
	for i := range rs {
		if i > 0 && (!unicode.IsUpper(rs[i]) || i+1 < len(rs) && unicode.IsLower(rs[i+1])) {
			break
		}
		rs[i] = unicode.ToLower(rs[i])
	}
	return string(rs)
}

// sign returns the word for a sign before a number.
func sign(name string) string {
	rs := []rune(name)
	if len(rs) > 1 && unicode.IsDigit(rs[1]) && (rs[0] == '+' || rs[0] == '-') {
		return symbols[rs[0]]
	}
	return ""
}

func capital(word string) string {
	lower := strings.ToLower(word)
	if initialisms[lower] {
		return strings.ToUpper(word)
	}
	rs := []rune(lower)
	rs[0] = unicode.ToUpper(rs[0])
	return string(rs)
}

// words splits a name where it changes from lower to upper case and at everything that
// is neither a letter nor a digit.
func words(name string) []string {
	var all []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			all = append(all, string(word))
		}
		word = nil
	}
	rs := []rune(name)
	for i, r := range rs {
		if !usable(r) {
			flush()
			continue
		}
		if len(word) > 0 && unicode.IsUpper(r) {
			last := word[len(word)-1]
			next := i+1 < len(rs) && unicode.IsLower(rs[i+1])
			if !unicode.IsUpper(last) || next {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return all
}

// usable reports whether a character may be in an identifier and can be seen.
func usable(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && r != unicode.ReplacementChar
}

// Plainer compares two names: the one with fewer characters that are not lower-case
// letters or digits comes first, then the shorter, then the first in byte order.
func Plainer(a, b string) int {
	return cmp.Or(cmp.Compare(fancy(a), fancy(b)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func fancy(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsLower(r) && !unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// A Claim is a wish for a name in a [Scope].
type Claim struct {
	Want string // an identifier
	Else string // what to try before numbers are appended, if anything
	Rank int    // the claims of lower ranks come first
	Key  string // the name in the document, which decides between claims of one rank
	Got  string // set by Settle
}

// Renamed reports whether the claim did not get what it wanted.
func (c *Claim) Renamed() bool { return c.Got != c.Want }

// A Scope is where names must differ, in more than case. The zero Scope is empty.
type Scope struct {
	taken map[string]bool
	next  map[string]int // the number to try next, by name
}

// Reserve takes names that no claim gets.
func (s *Scope) Reserve(names ...string) {
	if s.taken == nil {
		s.taken, s.next = map[string]bool{}, map[string]int{}
	}
	for _, name := range names {
		s.taken[fold(name)] = true
	}
}

// Settle gives every claim a name of its own.
func (s *Scope) Settle(claims []*Claim) {
	sorted := slices.Clone(claims)
	slices.SortStableFunc(sorted, func(a, b *Claim) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), Plainer(a.Key, b.Key), cmp.Compare(a.Want, b.Want))
	})
	var losers []*Claim
	for _, c := range sorted {
		if s.taken[fold(c.Want)] {
			losers = append(losers, c)
			continue
		}
		c.Got = c.Want
		s.Reserve(c.Got)
	}
	for _, c := range losers {
		c.Got = s.free(c)
		s.Reserve(c.Got)
	}
}

func (s *Scope) free(c *Claim) string {
	base := c.Want
	if c.Else != "" {
		if base = c.Else; !s.taken[fold(base)] {
			return base
		}
	}
	if r := base[len(base)-1]; r >= '0' && r <= '9' {
		base += "_"
	}
	for i := max(s.next[base], 2); ; i++ {
		if name := fmt.Sprintf("%s%d", base, i); !s.taken[fold(name)] {
			s.next[base] = i + 1
			return name
		}
	}
}

func fold(name string) string { return strings.ToLower(name) }

// Visible reports whether a character can be seen and has no influence on the text
// around it.
func Visible(r rune) bool {
	return unicode.IsGraphic(r) && (r == ' ' || !unicode.IsSpace(r)) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		r != unicode.ReplacementChar
}
