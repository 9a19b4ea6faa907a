package emit

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/names"
)

// maxText is how many characters of a description are kept.
const maxText = 2000

// line returns text of the document as one line of words that can be seen, without
// any that could be taken for something else than text.
func line(text string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range text {
		if n == maxText {
			b.WriteString(" …")
			break
		}
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case !names.Visible(r):
			continue
		}
		n++
		if space {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// width is where comments are wrapped.
const width = 88

// comment writes paragraphs of text as a comment. The first word of each should be
// ours.
func comment(b *strings.Builder, indent string, paragraphs ...string) {
	first := true
	for _, p := range paragraphs {
		if p == "" {
			continue
		}
		if !first {
			b.WriteString(indent + "//\n")
		}
		first = false
		for _, l := range wrap(p, width-len(indent)-3) {
			b.WriteString(indent + "// " + l + "\n")
		}
	}
}

// wrap breaks text into lines. None but the first begins with what the format of doc
// comments, or a tool, would take for the beginning of something.
func wrap(text string, width int) []string {
	var lines []string
	var l strings.Builder
	n := 0
	for word := range strings.FieldsSeq(text) {
		size := utf8.RuneCountInString(word)
		if n > 0 && n+1+size > width && harmless(word) {
			lines = append(lines, l.String())
			l.Reset()
			n = 0
		}
		if n > 0 {
			l.WriteByte(' ')
			n++
		}
		l.WriteString(word)
		n += size
	}
	return append(lines, l.String())
}

// harmless reports whether a line may begin with a word.
func harmless(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return unicode.IsLetter(r) && !strings.HasSuffix(word, ":")
}

// sentence returns a description to stand at the beginning of a comment.
func sentence(text string) string {
	text = line(text)
	return strings.TrimLeftFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '"' && r != '\'' && r != '('
	})
}

// quote returns a string literal.
func quote(s string) string {
	for _, r := range s {
		if !names.Visible(r) {
			return strconv.QuoteToASCII(s)
		}
	}
	return strconv.Quote(s)
}

// tag returns a struct tag for the name of a member of JSON.
func tag(name, options string) string {
	return "`json:" + strconv.Quote(name+options) + "`"
}
