package answer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unescape replaces the character references of HTML. It knows all numeric
// ones, so that a secret in a message is found however it is escaped, and the
// names of ASCII characters and of some others that error pages use. Package
// html knows two thousand names, but adds tables of 70 KB to every program.
func unescape(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text, n := reference(after)
		if n == 0 {
			b.WriteByte('&')
		}
		b.WriteString(text)
		s = after[n:]
	}
}

// reference parses the character reference at the start of s, after its
// ampersand. It returns the text that the reference stands for and the length
// of the reference, which is 0 if there is none. The semicolon may be missing
// where browsers accept that.
func reference(s string) (text string, n int) {
	if strings.HasPrefix(s, "#") {
		base, digits := 10, "0123456789"
		if n = 1; strings.HasPrefix(s[n:], "x") || strings.HasPrefix(s[n:], "X") {
			base, digits, n = 16, "0123456789abcdefABCDEF", 2
		}
		end := n
		for end < len(s) && strings.IndexByte(digits, s[end]) >= 0 {
			end++
		}
		if end == n {
			return "", 0
		}
		code, err := strconv.ParseInt(s[n:end], base, 32)
		if err != nil {
			code = utf8.RuneError // as for any number that is not a character
		}
		return string(rune(code)), end + len(s[end:]) - len(strings.TrimPrefix(s[end:], ";"))
	}
	for i := 0; i+1 < len(entities); i += 2 {
		if name := entities[i]; strings.HasPrefix(s, name) {
			return entities[i+1], len(name)
		}
	}
	return "", 0
}

// entities are pairs of a name and the text that it stands for. A name comes
// before any other name that is a prefix of it.
var entities = [...]string{
	"amp;", "&", "lt;", "<", "gt;", ">", "quot;", `"`, "apos;", "'", "nbsp;", "\u00a0",
	"amp", "&", "lt", "<", "gt", ">", "quot", `"`, "nbsp", "\u00a0",
	"excl;", "!", "num;", "#", "dollar;", "$", "percnt;", "%", "lpar;", "(", "rpar;", ")", "ast;", "*", "plus;", "+",
	"comma;", ",", "period;", ".", "sol;", "/", "colon;", ":", "semi;", ";", "equals;", "=", "quest;", "?", "commat;", "@",
	"lsqb;", "[", "lbrack;", "[", "bsol;", `\`, "rsqb;", "]", "rbrack;", "]", "Hat;", "^", "lowbar;", "_", "UnderBar;", "_",
	"grave;", "`", "lcub;", "{", "lbrace;", "{", "verbar;", "|", "vert;", "|", "rcub;", "}", "rbrace;", "}", "Tab;", "\t", "NewLine;", "\n",
	"middot;", "·", "laquo;", "«", "raquo;", "»", "copy;", "©", "reg;", "®", "ndash;", "–", "mdash;", "—", "hellip;", "…", "bull;", "•",
	"lsquo;", "‘", "rsquo;", "’", "ldquo;", "“", "rdquo;", "”", "rarr;", "→", "larr;", "←", "times;", "×",
}
