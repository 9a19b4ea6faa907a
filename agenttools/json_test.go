package agenttools

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseJSON(t *testing.T) {
	for _, test := range [][2]string{
		{`{}`, `{}`}, {` [ ] `, `[]`}, {`null`, `null`}, {"\t\r\n true ", `true`},
		{`{"b": 1, "a": [1, {"c": "d"}], "b": 2}`, `{"b":1,"a":[1,{"c":"d"}],"b":2}`},
		{`12345678901234567890.10`, `12345678901234567890.10`}, {`-0`, `-0`}, {`1E400`, `1E400`},
		{`"a\u00fc\/\"\\\t\n\b\f\r"`, `"aü/\"\\\t\n"`},
		{`"\ud83d\ude00 \ud83d \ude00 \ud83dx"`, `"😀 � � �x"`},
		{`"\u202e\u200b\u0000\u007f\u00ad\udb40\udc41x"`, `"x"`},
		{`{"na\u200bme":"\ufeff"}`, `{"name":""}`},
		{"\"<&>\u2028\u2029é\"", `"<&>\u2028\u2029é"`},
		{"\"\xff\"", `"�"`},
		{strings.Repeat("[", 5000) + strings.Repeat("]", 5000), strings.Repeat("[", 5000) + strings.Repeat("]", 5000)},
	} {
		n, ok := parseJSON(test[0])
		if got := n.String(); !ok || got != test[1] {
			t.Errorf("%q is %q, %t", test[0], got, ok)
		}
	}
	for _, text := range []string{
		``, ` `, `{`, `[`, `"`, `"\`, `"\u12`, `"\x"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `[1,]`, `[1 2]`, `1 2`, `01`, `1.`, `-`, `nul`, `tru`, `}`, `{"a":1]`, `+1`,
		strings.Repeat("[", 30000) + strings.Repeat("]", 30000),
	} {
		if n, ok := parseJSON(text); ok {
			t.Errorf("%.40q is %q", text, n)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add(`{"a": [1, "b\u202e\n", null, true, {"c": {}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := parseJSON(text)
		valid := json.Valid([]byte(text))
		if ok && !valid { // the other way round, raw control characters are taken
			if !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
				t.Fatalf("%q is taken", text)
			}
			return
		}
		if valid && !ok {
			t.Fatalf("%q is not taken", text)
		}
		if !ok {
			return
		}
		got := n.String()
		if !json.Valid([]byte(got)) || !utf8.ValidString(got) || strings.ContainsAny(got, lineBreaks) || strings.ContainsFunc(got, dropped) {
			t.Fatalf("%q is %q", text, got)
		}
		if again, ok := parseJSON(got); !ok || again.String() != got {
			t.Fatalf("%q is %q", got, again)
		}
	})
}
