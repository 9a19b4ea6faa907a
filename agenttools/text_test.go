package agenttools

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, test := range [][2]string{
		{"", ""},
		{"plain\ttext\nof lines", "plain\ttext\nof lines"},
		{"a\r\nb", "a\nb"},
		{"a\x00b\x1b[31mc\x7fd\u0085e\u009bf", "ab[31mcdef"},
		{"\u202eabc\u202c \u2066x\u2069 \u061c\u200e\u200f", "abc x "},
		{"se\u00adcret z\u200bero\ufeff wo\u2060rd", "secret zero word"},
		{"hi\U000e0001\U000e0068\U000e0069\U000e007f", "hi"},
		{"\u0646\u200c\u0645 👩\u200d💻 ❤\ufe0f \U000e0100", "\u0646\u200c\u0645 👩\u200d💻 ❤\ufe0f \U000e0100"},
		{"Größe 日本 \u2028 \u00a0 \u180e", "Größe 日本 \u2028 \u00a0 \u180e"},
		{"bad \xff\xfe utf", "bad \ufffd\ufffd utf"},
		{"\ufffd", "\ufffd"},
	} {
		if got := clean(test[0]); got != test[1] {
			t.Errorf("%q is %q, not %q", test[0], got, test[1])
		}
	}
}

func TestDropped(t *testing.T) {
	n := 0
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if dropped(r) {
			n++
		}
	}
	// C0 but two, DEL, C1, 12 bidirectional controls, 4 others, tags
	if want := 30 + 1 + 32 + 12 + 4 + 128; n != want {
		t.Errorf("%d characters are dropped, not %d", n, want)
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "…"}, {"abcdef", 5, "ab…"}, {"äöü", 6, "äöü"}, {"äöüß", 6, "ä…"}, {"日本語", 5, "…"}, {"", 0, ""},
	} {
		if got := shorten(test.in, test.limit); got != test.want {
			t.Errorf("%q in %d bytes is %q", test.in, test.limit, got)
		}
	}
	if got := oneLine(" a\u2028b\r\n\tc\u200b  d ", 80); got != "a b c d" {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("ü", 100), 20); len(got) > 20 || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\u202eb\xff", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := clean(s)
		if strings.ContainsFunc(got, dropped) || !utf8.ValidString(got) || clean(got) != got {
			t.Errorf("%q is %q", s, got)
		}
		if limit = limit & 0xff; limit >= len(ellipsis) {
			if got := oneLine(s, limit); len(got) > limit || !utf8.ValidString(got) || strings.Contains(got, "\n") {
				t.Errorf("%q in %d bytes is %q", s, limit, got)
			}
		}
	})
}

func TestClosest(t *testing.T) {
	names := []string{"github", "gitlab", "hubspot", "Customer Payments", "x"}
	for name, want := range map[string]string{
		"githb": "github", "guthub": "github", "gihtub": "github", "git-hub": "github", "GITHUBB": "github", "hub spot": "hubspot", "customer-payment": "Customer Payments",
		"gitxub": "github", "gitxab": "gitlab", "": "", "asana": "", "y": "", "gi": "", "githa": "", strings.Repeat("github", 1000): "",
	} {
		if got := closest(name, names); got != want {
			t.Errorf("%.50s: %q, not %q", name, got, want)
		}
	}
}
