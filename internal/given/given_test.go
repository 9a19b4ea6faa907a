package given_test

import (
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/internal/given"
)

func TestWrong(t *testing.T) {
	for v, want := range map[string]string{
		"": "", "acme": "", "Große Kunden": "", "été 2024": "", "👩\u200d💻 team": "", "می\u200cخواهم": "", "a\u00a0b": "",
		"a\nb": "control character", "a\x00": "control character", "\x7f": "control character",
		"\ufeffabc": "U+FEFF", "abc\u200b": "U+200B", "a\u2060b": "U+2060", "\u202eabc": "U+202E", "a\u00adb": "U+00AD", "\U000e0041": "U+E0041",
	} {
		check(t, v, given.Wrong(v), want)
	}
}

func TestRaw(t *testing.T) {
	for v, want := range map[string]string{
		"": "", "abc": "", "[REDACTED]": "what a secret prints", "[redacted]": "", `"`: "", `a"b`: "", `"abc`: "", `"abc'`: "", "a$b": "", "$abc": "", "100%": "", "%": "", "$": "", "{a}": "", "a}${": "", "$2a$10$abc": "",
		`"abc"`: "in quotes", `'abc'`: "in quotes", "`abc`": "in quotes", `""`: "in quotes",
		"${SECRET}": "variable", "x${A:-b}y": "variable", "$(SECRET)": "variable", "{{ .Values.secret }}": "variable", "$SECRET_2": "variable", "%SECRET%": "variable",
	} {
		check(t, v, given.Raw(v), want)
	}
}

func check(t *testing.T, v, got, want string) {
	t.Helper()
	if (got == "") != (want == "") || !strings.Contains(got, want) || len(v) > 2 && strings.Contains(got, v) {
		t.Errorf("%q %s, want something about %q", v, got, want)
	}
}
