package agenttools

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// dropped reports whether a character is not shown to the model: it has no meaning in
// records, and people who look at them do not see it, so that it can hide text from
// them or change its order. Joiners and variation selectors stay, which scripts and
// emoji need.
func dropped(r rune) bool {
	switch {
	case r < 0x20:
		return r != '\t' && r != '\n'
	case r < 0x7f:
		return false
	case r < 0xa0, r == 0xad: // DEL, C1, the soft hyphen
		return true
	case r < 0x61c:
		return false
	case r == 0x61c, r == 0x200e, r == 0x200f, 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069: // bidirectional controls
		return true
	case r == 0x200b, r == 0x2060, r == 0xfeff: // zero width
		return true
	}
	return 0xe0000 <= r && r <= 0xe007f // tags
}

// clean returns s without the characters that are dropped. What is not UTF-8 becomes
// U+FFFD.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if dropped(r) {
			return -1
		}
		return r // strings.Map reads what is not UTF-8 as U+FFFD
	}, s)
}

// isClean reports whether clean would change nothing.
func isClean(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if dropped(rune(c)) {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || dropped(r) {
			return false
		}
		i += n
	}
	return true
}

// oneLine returns s clean, on one line and in at most limit bytes.
func oneLine(s string, limit int) string {
	s = strings.Join(strings.FieldsFunc(clean(s), func(r rune) bool { return unicode.IsSpace(r) }), " ")
	return shorten(s, limit)
}

const ellipsis = "…"

// shorten returns s, or a beginning of it and an ellipsis, in at most limit bytes.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return cut(s, limit-len(ellipsis)) + ellipsis
}

// cut returns the longest beginning of s that has at most limit bytes and ends with a
// whole character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	limit = max(limit, 0)
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
