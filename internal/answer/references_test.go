package answer

import (
	"fmt"
	"html"
	"testing"
)

// TestEntities compares the table with package html.
func TestEntities(t *testing.T) {
	for i := 0; i < len(entities); i += 2 {
		name, text := entities[i], entities[i+1]
		if want := html.UnescapeString("&" + name); text != want {
			t.Errorf("&%s is %q, want %q", name, text, want)
		}
		if got := unescape("&" + name); got != text {
			t.Errorf("&%s is unescaped to %q, want %q", name, got, text)
		}
	}
	for r := rune(' '); r < 0x7f; r++ {
		for _, format := range []string{"%c", "&#%d;", "&#x%x;", "&#X%X;", "&#%d!", "&#000%d;"} {
			s := fmt.Sprintf(format, r)
			if got, want := unescape(s), html.UnescapeString(s); got != want {
				t.Errorf("%s is %q, want %q", s, got, want)
			}
		}
	}
}

func FuzzUnescape(f *testing.F) {
	for _, s := range []string{
		"", "plain", "Bad&nbsp;Gateway", "a &amp; b", "a & b", "&", "&&lt;", "&#", "&#;", "&#x", "&#x;", "&#xg;", "&#65", "&#65a", "&#x41 ",
		"&#99999999999999999999;", "&#xd800;", "&#1114112;", "&lt;b&gt;", "&ampamp;", "&quot", "&unknown;", "&plus;&plus", "<&apos;>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, want := unescape(s), html.UnescapeString(s)
		// The results may differ for names that are not in the table, for
		// control characters in the Windows code page, and for numbers that
		// overflow. They must be equal if both are ASCII without an ampersand.
		for _, r := range want {
			if r >= 0x80 || r == '&' {
				return
			}
		}
		for _, r := range got {
			if r >= 0x80 || r == '&' {
				return
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	})
}
