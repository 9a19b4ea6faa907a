// Package given says what is wrong with a value that a program was given: by a person,
// a file or an environment, each of which may add something to it.
package given

import (
	"fmt"
	"strings"
	"unicode"
)

// Wrong says why v cannot be what somebody meant, or returns "". What it says contains
// no part of the value, which may be a secret.
func Wrong(v string) string {
	if strings.ContainsFunc(v, unicode.IsControl) {
		return "contains a control character (perhaps a line break in the middle)"
	}
	for _, r := range v {
		if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' { // which join letters and emoji
			return fmt.Sprintf("contains an invisible character, %U, which a file or a copied text may have added", r)
		}
	}
	return ""
}

// Raw says why v, from an environment or a place that holds secrets, is not what
// somebody meant but how it was written, or returns "".
func Raw(v string) string {
	n := len(v)
	switch {
	case v == "[REDACTED]":
		return "is what a secret prints instead of its value"
	case n > 1 && (v[0] == '"' || v[0] == '\'' || v[0] == '`') && v[n-1] == v[0]:
		return "is in quotes, which are a part of it: some tools, such as docker with --env-file, do not remove them"
	case unexpanded(v, "${", "}"), unexpanded(v, "$(", ")"), unexpanded(v, "{{", "}}"), isVariable(v):
		return "is the name of a variable that nothing replaced by its value"
	}
	return ""
}

func unexpanded(v, start, end string) bool {
	_, rest, found := strings.Cut(v, start)
	return found && strings.Contains(rest, end)
}

// isVariable reports whether v is like $NAME or %NAME%.
func isVariable(v string) bool {
	name, dollar := strings.CutPrefix(v, "$")
	if !dollar {
		inner, ok := strings.CutPrefix(v, "%")
		if name, dollar = strings.CutSuffix(inner, "%"); !ok || !dollar {
			return false
		}
	}
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}
