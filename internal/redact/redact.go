// Package redact removes secrets from texts that a service or a library may
// have copied them into. It finds a secret however it was escaped, and whatever
// was done to its white space, so that it does not matter whether a text is
// cleaned before or after.
package redact

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// Text stands in place of a secret.
const Text = "[REDACTED]"

const (
	minSecret = 4  // bytes; shorter ones are not looked for
	minStrong = 8  // bytes; shorter ones are removed only where a value is expected
	maxWord   = 12 // bytes of lower-case letters that may be a word
	minPart   = 4  // bytes of a part of a secret that is removed at a cut
	cutMark   = "…"
)

// A Scrubber removes a list of secrets. The zero Scrubber removes nothing.
type Scrubber struct {
	words []string // removed where a value is expected
	forms []string // removed everywhere; without white space, the longest first
	query []string // forms without plus signs, which are spaces in a query
}

// escapeHTML does the same as html.EscapeString, whose package adds tables of
// 70 KB to every program.
var escapeHTML = strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;", ">", "&gt;", `"`, "&#34;")

// New returns a Scrubber for the secrets. Those of less than 4 bytes are left
// out: they are parts of anything.
func New(secrets ...string) Scrubber {
	var s Scrubber
	for _, secret := range secrets {
		bare := strip(secret)
		switch {
		case len(bare) < minSecret:
			continue
		case plainWord(strings.TrimSpace(secret)): // as it was given: what strip leaves out counts too
			s.words = append(s.words, strings.TrimSpace(secret))
			continue
		}
		s.forms = append(s.forms, bare, strip(escapeHTML.Replace(secret)))
		for _, v := range []string{secret, strings.TrimSpace(secret), strings.Join(strings.Fields(secret), " ")} {
			s.forms = appendBase64(s.forms, v)
		}
	}
	s.forms = longestFirst(s.forms)
	for _, f := range s.forms {
		if f = strings.ReplaceAll(f, "+", ""); len(f) >= minPart {
			s.query = append(s.query, f)
		}
	}
	s.query = longestFirst(s.query)
	return s
}

// appendBase64 appends what is sure to be in the base64 of every text that
// contains s, such as "id:secret": a byte begins at one of three places in a
// group. Padding and the characters that s shares with its neighbors are left
// out.
func appendBase64(list []string, s string) []string {
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := enc.EncodeToString([]byte("\x00\x00"[:before] + s))
			if (before+len(s))%3 != 0 {
				text = text[:len(text)-1]
			}
			if text = text[[3]int{0, 2, 3}[before]:]; len(text) >= minStrong {
				list = append(list, text)
			}
		}
	}
	return list
}

// longestFirst sorts the few forms of a secret and drops those that are there twice.
// It inserts them one by one: slices.SortFunc adds 7 KB for each type that it sorts.
func longestFirst(list []string) []string {
	sorted := make([]string, 0, len(list))
	for _, s := range list {
		at := 0
		for at < len(sorted) && (len(sorted[at]) > len(s) || len(sorted[at]) == len(s) && sorted[at] < s) {
			at++
		}
		if at == len(sorted) || sorted[at] != s {
			sorted = slices.Insert(sorted, at, s)
		}
	}
	return sorted
}

// plainWord reports whether s may be an ordinary word or number.
func plainWord(s string) bool {
	return len(s) < minStrong || len(s) <= maxWord && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// String returns text without the secrets. If it begins or ends with "…", a
// part of a secret next to that is removed as well.
func (s Scrubber) String(text string) string {
	return s.scrub(text, true, strings.HasPrefix(text, cutMark), strings.HasSuffix(text, cutMark))
}

// Cut is like String for a text whose end was cut off without a mark.
func (s Scrubber) Cut(text string) string { return s.scrub(text, true, false, true) }

// Name is like String for the name of a field or of a kind of problem, in which
// programs look for words: a secret that may be a word is left in it.
func (s Scrubber) Name(text string) string {
	return s.scrub(text, false, strings.HasPrefix(text, cutMark), strings.HasSuffix(text, cutMark))
}

// Error returns err, with the text that String returns if that differs. The result
// then matches what err matches, with errors.Is and errors.As, but does not unwrap to
// err: programs that report errors walk down to the causes and show their texts too. A
// *url.Error stays one.
func (s Scrubber) Error(err error) error {
	_, clean := s.clean(err)
	return clean
}

// clean is Error. The boolean reports whether the text differs.
func (s Scrubber) clean(err error) (changed bool, _ error) {
	if err == nil {
		return false, nil
	}
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // those that are wrapped are cleaned when they are asked for
		changed, cause := s.clean(u.Err)
		at := s.String(u.URL)
		if !changed && at == u.URL {
			return false, err
		}
		return true, &url.Error{Op: u.Op, URL: at, Err: cause}
	}
	text := err.Error()
	clean := s.String(text)
	if clean == text {
		return false, err
	}
	return true, &veil.Error{Text: clean, Cause: err, Clean: func(u *url.Error) *url.Error {
		_, clean := s.clean(u)
		u, _ = clean.(*url.Error) //nolint:errorlint // it stays one
		return u
	}}
}

func (s Scrubber) scrub(text string, words, cutStart, cutEnd bool) string {
	if text == "" || len(s.words)+len(s.forms) == 0 {
		return text
	}
	head, tail := 0, len(text)
	if cutStart && strings.HasPrefix(text, cutMark) {
		head = len(cutMark)
	}
	if cutEnd && strings.HasSuffix(text[head:], cutMark) {
		tail -= len(cutMark)
	}
	var found []span
	if words {
		found = s.findWords(found, text)
	}
	for _, v := range views(text[head:tail]) {
		forms := s.forms
		if v.query {
			forms = s.query
		}
		for _, f := range forms {
			for from := 0; ; {
				at := strings.Index(v.text[from:], f)
				if at < 0 {
					break
				}
				found = append(found, v.span(from+at, from+at+len(f), head))
				from += at + len(f)
			}
			// A form at a cut is at most as long as the text.
			for n := min(len(f)-1, len(v.text)); cutEnd && n >= minPart; n-- {
				if strings.HasSuffix(v.text, f[:n]) {
					found = append(found, span{v.span(len(v.text)-n, len(v.text), head).start, tail})
					break
				}
			}
			for n := min(len(f)-1, len(v.text)); cutStart && n >= minPart; n-- {
				if strings.HasPrefix(v.text, f[len(f)-n:]) {
					found = append(found, span{head, v.span(0, n, head).end})
					break
				}
			}
		}
	}
	return replace(text, found)
}

type span struct{ start, end int }

// replace replaces the spans of text. Those that overlap become one.
func replace(text string, found []span) string {
	if len(found) == 0 {
		return text
	}
	ends := make(map[int]int, len(found)) // the last end of the spans that begin there
	for _, f := range found {
		ends[f.start] = max(ends[f.start], f.end)
	}
	var b strings.Builder
	for at, hidden := 0, 0; at < len(text); at++ {
		if end := ends[at]; end > at && end > hidden {
			if at >= hidden {
				b.WriteString(Text)
			}
			hidden = end
		}
		if at >= hidden {
			b.WriteByte(text[at])
		}
	}
	return b.String()
}

// findWords finds the words where a value is expected: as the whole text, in
// quotes, or after an equals sign or a colon.
func (s Scrubber) findWords(found []span, text string) []span {
	for _, w := range s.words {
		for from := 0; ; {
			at := strings.Index(text[from:], w)
			if at < 0 {
				break
			}
			start := from + at
			end := start + len(w)
			if isValue(text[:start], text[end:]) {
				found = append(found, span{start, end})
			}
			from = end
		}
	}
	return found
}

// maxGap is the number of bytes of white space between a value and what is
// around it.
const maxGap = 16

func isValue(before, after string) bool {
	near := strings.TrimRight(before[max(0, len(before)-maxGap):], " \t\r\n")
	next := strings.TrimLeft(after[:min(len(after), maxGap)], " \t\r\n")
	if near == "" && next == "" {
		return true
	}
	if near == "" || after != "" && isWordByte(after[0]) {
		return false
	}
	switch last := near[len(near)-1]; last {
	case '=', ':':
		return true
	case '"', '\'', '`':
		return strings.HasPrefix(strings.TrimPrefix(next, `\`), string(last))
	}
	return false
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

// A view is a text as it is after decoding, without white space.
type view struct {
	text     string
	from, to []int32 // where each byte begins and ends in the original
	query    bool    // plus signs were removed, too
}

func (v view) span(start, end, offset int) span {
	return span{int(v.from[start]) + offset, int(v.to[end-1]) + offset}
}

// maxDepth is how many times a text may have been escaped: a message in JSON may quote
// the JSON of a request, and that may be in a log line of a proxy.
const maxDepth = 3

// views returns text as it is, and decoded in every way that may make a difference.
func views(text string) []view {
	v := view{text: text}
	for i := range len(text) {
		v.from, v.to = append(v.from, int32(i)), append(v.to, int32(i+1))
	}
	quoted := v.strip()
	list := []view{quoted}
	for range maxDepth {
		if !strings.Contains(quoted.text, `\`) {
			break
		}
		quoted = quoted.decode(unquote)
		list = append(list, quoted)
	}
	bases := list[:1:1]
	if len(list) > 1 {
		bases = append(bases, quoted)
	}
	for _, inQuery := range bases {
		for range maxDepth - 1 {
			if !strings.ContainsAny(inQuery.text, "%+") {
				break
			}
			inQuery = inQuery.decode(unpercent)
			inQuery.query = true
			inQuery = inQuery.strip()
			list = append(list, inQuery)
		}
	}
	return list
}

// decode decodes v with a function that decodes what is at a place, and returns its length
// there.
func (v view) decode(at func(string, int) (string, int)) view {
	raw := make([]byte, 0, len(v.text))
	d := view{from: make([]int32, 0, len(v.text)), to: make([]int32, 0, len(v.text)), query: v.query}
	for i := 0; i < len(v.text); {
		part, n := at(v.text, i)
		for j := range len(part) {
			raw, d.from, d.to = append(raw, part[j]), append(d.from, v.from[i]), append(d.to, v.to[i+n-1])
		}
		i += n
	}
	d.text = string(raw)
	return d.strip()
}

// strip removes white space, in place.
func (v view) strip() view {
	raw := []byte(v.text)
	k := 0
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if !blank(r) && (!v.query || r != '+') {
			copy(raw[k:], raw[i:i+n])
			copy(v.from[k:], v.from[i:i+n])
			copy(v.to[k:], v.to[i:i+n])
			k += n
		}
		i += n
	}
	v.text, v.from, v.to = string(raw[:k]), v.from[:k], v.to[:k]
	return v
}

// blank reports whether cleaning a text removes r.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError }

func strip(s string) string {
	return strings.Map(func(r rune) rune {
		if blank(r) {
			return -1
		}
		return r
	}, s)
}

// unpercent decodes what is at i, which may be an escape with a percent sign, and returns
// its length. An escape that the end of s cuts off becomes "".
func unpercent(s string, i int) (string, int) {
	if s[i] != '%' {
		return s[i : i+1], 1
	}
	if i+3 > len(s) {
		return "", len(s) - i
	}
	n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
	if err != nil {
		return "%", 1
	}
	return string([]byte{byte(n)}), 3
}

// unquote decodes what is at i, which may be an escape with a backslash, and returns its
// length. An escape that the end of s cuts off becomes "".
func unquote(s string, i int) (string, int) {
	if s[i] != '\\' {
		return s[i : i+1], 1
	}
	if i+1 == len(s) {
		return "", 1
	}
	switch c := s[i+1]; c {
	case 'n', 'r', 't', 'b', 'f', 'a', 'v':
		return " ", 2
	case 'x', 'u', 'U': // in JSON, and as package fmt quotes
		digits := 4
		switch c {
		case 'x':
			digits = 2
		case 'U':
			digits = 8
		}
		end := min(i+2+digits, len(s))
		if end < i+2+digits && strings.Trim(s[i+2:], "0123456789ABCDEFabcdef") == "" {
			return "", len(s) - i
		}
		n, err := strconv.ParseUint(s[i+2:end], 16, 31)
		switch {
		case err != nil:
			return `\`, 1
		case c == 'x':
			return string([]byte{byte(n & 0xff)}), 4
		case c == 'u' && utf16.IsSurrogate(rune(n)) && i+12 <= len(s) && s[end:end+2] == `\u`:
			if low, err := strconv.ParseUint(s[i+8:i+12], 16, 31); err == nil {
				return string(utf16.DecodeRune(rune(n), rune(low))), 12
			}
		}
		return string(rune(n)), 2 + digits
	case '"', '\\', '/', '\'':
		return s[i+1 : i+2], 2
	}
	return `\`, 1
}
