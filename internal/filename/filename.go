// Package filename reads the name of a file in a Content-Disposition header, in every
// form of RFC 6266 and in those that servers send instead, and makes it safe for a file
// system.
package filename

import (
	"mime"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxLength = 255      // bytes of a name, which common file systems take
	maxHeader = 16 << 10 // bytes of a header; net/http takes up to a megabyte, in which nobody sends a name
)

// Of returns the name in a Content-Disposition header, without directories, control
// characters and names that Windows reserves, or "" if there is none, or if the header
// is longer than 16 KiB.
func Of(disposition string) string {
	if len(disposition) > maxHeader {
		return ""
	}
	given := map[string]string{}
	for key, value := range params(disposition) {
		if _, again := given[key]; !again {
			given[key] = value
		}
	}
	plain, extended, parts := given["filename"], given["filename*"], joined(given)
	for _, name := range []string{decodeExtended(extended, true), decodeExtended(parts, true), decodePlain(plain), decodeExtended(extended, false), decodeExtended(parts, false)} {
		if name = Safe(name); name != "" {
			return name
		}
	}
	return ""
}

// joined returns the parts of a name that was cut as RFC 2231 describes it, in the form
// of the parameter filename*.
func joined(given map[string]string) (name string) {
	for i := 0; ; i++ {
		key := "filename*" + strconv.Itoa(i)
		part, encoded := given[key+"*"]
		if !encoded {
			plain, found := given[key]
			if !found {
				return name
			}
			part = strings.ReplaceAll(plain, "%", "%25")
			if i == 0 {
				part = "''" + part
			}
		}
		name += part
	}
}

// params yields the parameters of a header by their names, in lower case.
func params(header string) func(func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		if first, rest, found := strings.Cut(header, ";"); !strings.Contains(first, "=") { // the type, which some senders leave out
			if !found {
				return
			}
			header = rest
		}
		for header != "" {
			key, rest, found := strings.Cut(header, "=")
			if !found {
				return
			}
			if i := strings.LastIndexByte(key, ';'); i >= 0 {
				key = key[i+1:]
			}
			var value string
			if rest = strings.TrimLeft(rest, " \t"); strings.HasPrefix(rest, `"`) {
				value, header = quoted(rest[1:])
			} else {
				value, header = bare(rest)
			}
			if !yield(strings.ToLower(strings.TrimSpace(key)), value) {
				return
			}
		}
	}
}

// quoted returns the text up to the quote that ends it, and what is behind. Quotes in
// the middle, which should have a backslash before them, belong to the text.
func quoted(s string) (text, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'): // others are those of a path
			i++
			b.WriteByte(s[i])
		case c == '"' && ends(s[i+1:]):
			_, rest, _ = strings.Cut(s[i+1:], ";")
			return b.String(), rest
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// ends reports whether a value is over before s.
func ends(s string) bool {
	s = strings.TrimLeft(s, " \t")
	return s == "" || s[0] == ';'
}

// bare returns a value without quotes. It goes on behind a semicolon if there is no
// other parameter.
func bare(s string) (text, rest string) {
	end := len(strings.TrimRight(s, "; \t")) // behind which nothing comes
	sign := -1                               // the next equals sign
	for i := 0; i < end; i++ {
		if s[i] != ';' {
			continue
		}
		if sign < i {
			n := strings.IndexByte(s[i:], '=')
			if n < 0 {
				break
			}
			sign = i + n
		}
		if isToken(strings.TrimSpace(s[i+1 : sign])) {
			return strings.TrimSpace(s[:i]), s[i+1:]
		}
	}
	return strings.TrimSpace(s[:end]), ""
}

// isToken reports whether s can be the name of a parameter.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '*' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// decodePlain decodes the parameter filename, which should be ASCII.
func decodePlain(s string) string {
	if words, err := new(mime.WordDecoder).DecodeHeader(s); err == nil && strings.Contains(s, "=?") {
		return words // not allowed here, and sent all the same
	}
	if raw, ok := unescape(s); ok && utf8.ValidString(raw) {
		s = raw
	}
	if !utf8.ValidString(s) {
		return western(s)
	}
	return s
}

// decodeExtended decodes charset'language'name, in which the name is percent-encoded. If
// strict is false, it returns a substitute for a name that it cannot decode.
func decodeExtended(s string, strict bool) string {
	charset, name := "utf-8", s
	if fields := strings.SplitN(s, "'", 3); len(fields) == 3 {
		charset, name = strings.ToLower(fields[0]), fields[2]
	}
	raw, ok := unescape(name)
	if !ok {
		raw = name
	}
	switch charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if utf8.ValidString(raw) {
			return raw
		}
		if strict {
			return ""
		}
		return western(raw)
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso-8859-15", "windows-1252", "cp1252":
		return western(raw)
	}
	if strict {
		return ""
	}
	return strings.Map(func(r rune) rune { // what is left of any character set
		if r >= 0x80 {
			return '_'
		}
		return r
	}, raw)
}

// unescape decodes percent signs, unless one of them stands for itself.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+3 > len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(n))
		i += 2
	}
	return b.String(), true
}

// western decodes Windows-1252, which contains the printable part of ISO 8859-1.
func western(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
		if s[i]&0xe0 == 0x80 {
			runes[i] = between[s[i]-0x80]
		}
	}
	return string(runes)
}

// between has the characters of Windows-1252 from 0x80 to 0x9f.
var between = [...]rune{
	'€', '_', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '_', 'Ž', '_', '_', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '_', 'ž', 'Ÿ',
}

// Safe returns name without what a file system does not take: directories, control
// characters, and names that Windows reserves. It returns "" if nothing is left.
func Safe(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\ufeff', r == '\u2028', r == '\u2029':
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if strings.Trim(name, ".") == "" {
		return ""
	}
	stem, _, _ := strings.Cut(name, ".")
	if reserved(strings.TrimSpace(stem)) {
		name = "_" + name
	}
	for len(name) > maxLength {
		ext := filepath.Ext(name)
		if len(ext) > 32 {
			ext = ""
		}
		name = strings.TrimRight(strings.ToValidUTF8(name[:maxLength-len(ext)], "")+ext, ". ")
	}
	return name
}

// reserved reports whether Windows gives the name to a device.
func reserved(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if len(stem) >= 4 && (stem[:3] == "COM" || stem[:3] == "LPT") {
		switch stem[3:] {
		case "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
			return true
		}
	}
	return false
}
