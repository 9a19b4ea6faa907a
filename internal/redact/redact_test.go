package redact_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/redact"
)

const pem = "-----BEGIN KEY-----\nMIIEvQ+IBADAN/Bgkq\nhkiG9w0BAQ==\n-----END KEY-----\n"

func TestString(t *testing.T) {
	for _, tt := range []struct{ name, secret, text, want string }{
		{"plain", "hunter22", "is hunter22 wrong", "is [REDACTED] wrong"},
		{"inside a word", "hunter22", "xhunter22x", "x[REDACTED]x"},
		{"twice", "hunter22", "hunter22hunter22", "[REDACTED][REDACTED]"},
		{"collapsed", pem, "bad " + strings.Join(strings.Fields(pem), " ") + "!", "bad [REDACTED]!"},
		{"two spaces", "correct  horse 1", "bad correct horse 1", "bad [REDACTED]"},
		{"split", "hunter22", "bad hun\n  ter22", "bad [REDACTED]"},
		{"trimmed", " hunter22\n", "bad hunter22.", "bad [REDACTED]."},
		{"query", "ab+cd/ef gh", "s=ab%2Bcd%2Fef+gh&x", "s=[REDACTED]&x"},
		{"path, lower case", "ab+cd/ef gh", "/ab+cd%2fef%20gh/x", "/[REDACTED]/x"},
		{"JSON", "ab\"cd\\ef\n<gh", `{"x":"ab\"cd\\ef\n\u003cgh"}`, `{"x":"[REDACTED]"}`},
		{"JSON in JSON", "ab\"cd\nef<gh", `{"x":"{\"y\":\"ab\\\"cd\\nef\\u003cgh\"}"}`, `{"x":"{\"y\":\"[REDACTED]\"}"}`},
		{"query in JSON", "ab+cd/ef\tgh", `{"x":"s=ab%2Bcd%2fef%09gh\u0026t"}`, `{"x":"s=[REDACTED]\u0026t"}`},
		{"query twice", "ab+cd/ef gh", "s=ab%252Bcd%252Fef%2Bgh&x", "s=[REDACTED]&x"},
		{"surrogates", "key-😀-value", `key-\ud83d\ude00-value`, "[REDACTED]"},
		{"HTML", `ab<cd>&'efgh`, "x ab&lt;cd&gt;&amp;&#39;efgh", "x [REDACTED]"},
		{"cut at the end", "hunter22-hunter23", "bad hunter22…", "bad [REDACTED]…"},
		{"cut at the start", "hunter22-hunter23", "…-hunter23 bad", "…[REDACTED] bad"},
		{"cut in an escape", "hunter22+hunter23", "bad hunter22%2…", "bad [REDACTED]…"},
		{"a word in a sentence", "token", "the token is wrong", "the token is wrong"},
		{"a long word in a sentence", "credentials", "no credentials given", "no credentials given"},
		{"a word in quotes", "token", `"token" and 'token'`, `"[REDACTED]" and '[REDACTED]'`},
		{"a word after a sign", "token", "a=token, b: token", "a=[REDACTED], b: [REDACTED]"},
		{"a word alone", "token", "token", "[REDACTED]"},
		{"a number", "471112", "at 471112 or x=471112", "at 471112 or x=[REDACTED]"},
		{"too short", "abc", "a=abc", "a=abc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := redact.New(tt.secret).String(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	s := redact.New("token", "hunter22")
	if got := s.Name("token"); got != "token" {
		t.Errorf("name %q", got)
	}
	if got := s.Cut("bad hunter2"); got != "bad [REDACTED]" {
		t.Errorf("cut %q", got)
	}
}

// A timeout is an error that says so.
type timeout string

func (e timeout) Error() string { return string(e) }
func (e timeout) Timeout() bool { return true }

func TestError(t *testing.T) {
	s := redact.New("hunter22")
	if err := s.Error(nil); err != nil {
		t.Errorf("nil becomes %v", err)
	}
	for _, clean := range []error{io.EOF, &url.Error{Op: "Get", URL: "http://x", Err: io.EOF}} {
		if err := s.Error(clean); err != clean {
			t.Errorf("%v became %v", clean, err)
		}
	}
	inner := timeout("no hunter22")
	for _, err := range []error{
		inner,
		fmt.Errorf("wrapped: %w", inner),
		&url.Error{Op: "Get", URL: "http://x", Err: inner},
		fmt.Errorf("wrapped: %w", &url.Error{Op: "Get", URL: "http://x/hunter22", Err: inner}),
		errors.Join(io.EOF, inner),
	} {
		got := s.Error(err)
		if want := strings.ReplaceAll(err.Error(), "hunter22", redact.Text); got.Error() != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if !errors.Is(got, inner) {
			t.Errorf("%v does not match its cause", got)
		}
		if of, ok := errors.AsType[timeout](got); !ok || of != inner {
			t.Errorf("%v has no %T", got, inner)
		}
		if u, ok := errors.AsType[*url.Error](got); ok && (strings.Contains(u.Error(), "hunter22") || !u.Timeout()) {
			t.Errorf("%v, timeout %t", u, u.Timeout())
		}
		if _, ok := errors.AsType[*net.OpError](got); ok {
			t.Errorf("%v has a type that is not there", got)
		}
		for e := got; e != nil; e = errors.Unwrap(e) {
			if text := fmt.Sprintf("%v%+v%#v", e, e, e); strings.Contains(fmt.Sprintf("%v%+v", e, e), "hunter22") {
				t.Errorf("shown by a cause: %s", text)
			}
		}
	}
	at := &url.Error{Op: "Get", URL: "http://x/hunter22", Err: io.EOF}
	if u, ok := s.Error(at).(*url.Error); !ok || u.URL != "http://x/[REDACTED]" || !errors.Is(u, io.EOF) {
		t.Errorf("%v", u)
	}
}

// TestEchoes makes secrets and ways to repeat them.
func TestEchoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	const alphabet = "abcXYZ0189 \n\t\"\\/+%&<>=-_.é"
	letters := []rune(alphabet)
	ways := []func(string) string{
		func(s string) string { return s },
		strings.TrimSpace,
		func(s string) string { return strings.Join(strings.Fields(s), " ") },
		url.QueryEscape, url.PathEscape, html.EscapeString,
		func(s string) string { b, _ := json.Marshal(s); return string(b) },
		func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2B", "%2b") },
		func(s string) string { r := []rune(s); return string(r[:len(r)/2]) + "\n  " + string(r[len(r)/2:]) },
	}
	for range 3000 {
		var b strings.Builder
		for range 10 + r.IntN(40) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		secret := "K7" + b.String() + "Q9"
		way := r.IntN(len(ways))
		text := strings.Repeat("word ", r.IntN(130)) + ways[way](secret) + " after"
		s := redact.New(secret)
		for i, got := range []string{answer.Line(s.String(text)), s.String(answer.Line(text))} {
			if strings.Contains(got, "K7") || strings.Contains(got, "Q9") {
				if i := strings.Index(got, "K7"); i >= 0 && strings.HasSuffix(got, "…") && len(got)-i < 16 {
					continue // less than a part that counts
				}
				t.Fatalf("way %d, order %d: %q shown in %q", way, i, secret, got)
			}
		}
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
			code := enc.EncodeToString([]byte("some-id"[:r.IntN(8)] + ":" + secret))
			if got := s.String("x " + code); len(got) > len("x [REDACTED]")+16 {
				t.Fatalf("%q shown in %q", secret, got)
			}
		}
	}
}

// The time grows with the length of the text, also where much of it looks like escapes
// and beginnings of secrets.
func BenchmarkCut(b *testing.B) {
	s := redact.New(pem, "hunter22", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaB")
	for _, n := range []int{1 << 10, 1 << 14, 1 << 18} {
		text := strings.Repeat(`aaa%41\u0041 `, n/13)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				s.Cut(text)
			}
		})
	}
}

func FuzzString(f *testing.F) {
	f.Add("hunter22", `bad \u0068unter22 %68…`)
	f.Add(pem, "…"+pem+"…")
	f.Add("token", `"token"`)
	f.Fuzz(func(t *testing.T, secret, text string) {
		s := redact.New(secret)
		s.Cut(text)
		s.Name(text)
		s.String(text)
		if len(secret) >= 16 && !strings.Contains(redact.Text, secret) && !strings.ContainsFunc(secret, unseen) {
			if got := s.String(text + secret); len(strings.Join(strings.Fields(secret), "")) == len(secret) && strings.HasSuffix(got, secret) {
				t.Errorf("%q in %q", secret, got)
			}
		}
	})
}

// gone reports whether r does not count in a secret.
func gone(r rune) bool { return unicode.IsSpace(r) || unseen(r) }

// unseen reports whether a text for people does not show r: control characters, and
// what stands for bytes that are no UTF-8.
func unseen(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }

// ways are how a service, a proxy or a log may repeat a secret.
var ways = []func(string) string{
	func(s string) string { return s },
	strings.TrimSpace,
	func(s string) string { return strings.Join(strings.Fields(s), " ") },
	url.QueryEscape,
	url.PathEscape,
	func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
	func(s string) string { return lowerHex(url.QueryEscape(s)) },
	html.EscapeString,
	func(s string) string { return inJSON(s, true) },
	func(s string) string { return inJSON(s, false) },
	func(s string) string { return inJSON(inJSON(s, false), true) },
	func(s string) string { return inJSON(url.QueryEscape(s), true) },
	func(s string) string { return inJSON(html.EscapeString(s), true) },
	func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	func(s string) string { q := strconv.QuoteToASCII(s); return q[1 : len(q)-1] },
	func(s string) string { r := []rune(s); return string(r[:len(r)/2]) + "\n\t " + string(r[len(r)/2:]) },
	func(s string) string { return answer.Line(s) },
}

// lowerHex returns a text with percent signs before lower-case digits.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:], strings.ToLower(s[i:i+3]))
		}
	}
	return string(b)
}

// inJSON returns s as it is between the quotes of JSON.
func inJSON(s string, escapeHTML bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	_ = enc.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")[1 : b.Len()-2]
}

// FuzzEcho tests that a secret is hidden, and nothing but the secret, in every way in
// which it may be repeated.
func FuzzEcho(f *testing.F) {
	for i := range ways {
		for _, secret := range []string{"hunter22", pem, "ab+cd/ef gh%41", `q"uo\te\u0041'<&>`, "clé-😀 \u00a0 ünï", "%2B%252B+ +%", "\u2028\u2029\x01 abc", "key=\\\\n\\\"x", "{\"a\":\"b+c\"}"} {
			f.Add(secret, uint8(i), uint8(i))
		}
	}
	around := [][2]string{{"", ""}, {"the key ", " is wrong"}, {`{"message":"`, `"}`}, {"?key=", "&x=1"}, {"(", ")"}, {"/", "/x"}, {"…", "…"}}
	f.Fuzz(func(t *testing.T, secret string, way, place uint8) {
		// Of white space at its ends, and of plus signs, which may be white space, the escapes may remain.
		secret = strings.TrimFunc(strings.ToValidUTF8(secret, ""), func(r rune) bool { return r == '+' || gone(r) })
		bare := strings.Map(func(r rune) rune {
			if gone(r) {
				return -1
			}
			return r
		}, secret)
		if len(bare) < 16 { // shorter ones may be words, or come of themselves
			return
		}
		echo, at := ways[int(way)%len(ways)](secret), around[int(place)%len(around)]
		if strings.HasSuffix(echo, "…") && !strings.HasSuffix(bare, "…") { // which is a cut
			at = around[0]
		}
		s := redact.New(secret)
		text := at[0] + echo + at[1]
		want := at[0] + redact.Text + at[1]
		for _, got := range []string{s.String(text), s.Name(text)} {
			if got != want {
				t.Errorf("way %d: %q of %q gives %q, want %q", int(way)%len(ways), text, secret, got, want)
			}
		}
		if got := s.Cut(text); !strings.HasPrefix(want, strings.TrimSuffix(got, "…")) || !strings.Contains(got, redact.Text) { // more may be hidden at the end
			t.Errorf("way %d: %q of %q, cut, gives %q, want %q", int(way)%len(ways), text, secret, got, want)
		}
	})
}
