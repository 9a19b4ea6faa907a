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

// didYouMean is the beginning of a hint: the name that was meant, if it can be guessed.
func didYouMean(name string, names []string) string {
	if meant := closest(name, names); meant != "" {
		return "did you mean " + oneLine(meant, 80) + "? "
	}
	return ""
}

// closest returns the name that differs from another one in a letter or two, as if it was
// misspelled, or "" if there is none, or several.
func closest(name string, names []string) string {
	const longest = 80
	from := []rune(plain(name))
	var best int
	var found string
	switch n := len(from); {
	case n < 3 || n > longest:
		return ""
	case n < 6:
		best = 1
	default:
		best = 2
	}
	for _, other := range names {
		to := []rune(plain(other))
		if len(to) > longest {
			continue
		}
		if d := distance(from, to); d < best || d == best && found == "" {
			best, found = d, other
		} else if d == best {
			found = "" // but a closer one counts
			best--
		}
	}
	return found
}

// distance returns how many letters must be added, left out, replaced, or swapped with the
// next one, to make b of a.
func distance(a, b []rune) int {
	var before []int // the row above the last one
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = last[j-1]
			if a[i-1] != b[j-1] {
				row[j] = 1 + min(last[j-1], last[j], row[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
